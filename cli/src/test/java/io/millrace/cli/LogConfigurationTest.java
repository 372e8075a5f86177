package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogConfigurationTest {
  @Test
  void theShippedConfigurationIsFoundAndLogsFromInfoToStandardError() {
    LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();

    Logger root = loggers.getLogger(Logger.ROOT_LOGGER_NAME);

    assertThat(root.getLevel()).isEqualTo(Level.INFO);
    assertThat(root.getAppender("stderr")).isNotNull();
    assertThat(loggers.getLogger("org.apache.kafka.clients").isInfoEnabled()).isFalse();
  }

  @Test
  void anEventIsOneLineWithTimeLevelClassAndMessage() {
    LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
    LoggingEvent event =
        new LoggingEvent(
            "",
            loggers.getLogger("io.millrace.storage.wal.FileWal"),
            Level.WARN,
            "at {}",
            null,
            null);
    event.setArgumentArray(new Object[] {5});
    event.setTimeStamp(0);

    assertThat(new LogLine().doLayout(event))
        .isEqualTo("1970-01-01T00:00:00Z WARN FileWal: at 5\n");
  }
}
