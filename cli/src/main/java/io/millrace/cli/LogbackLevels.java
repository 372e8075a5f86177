package io.millrace.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import io.millrace.broker.config.LoggerLevels;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.LoggerFactory;

/**
 * The loggers of this process, which are logback's. It has no level above ERROR, so that FATAL is
 * shown as that.
 */
final class LogbackLevels implements LoggerLevels {
  @Override
  public Map<String, String> levels() {
    Map<String, String> levels = new TreeMap<>();
    for (Logger logger : context().getLoggerList()) {
      boolean root = logger.getName().equals(org.slf4j.Logger.ROOT_LOGGER_NAME);
      levels.put(root ? ROOT : logger.getName(), logger.getEffectiveLevel().toString());
    }
    return levels;
  }

  @Override
  public void set(String logger, String level) {
    find(logger).setLevel(level.equals("FATAL") ? Level.ERROR : Level.valueOf(level));
  }

  @Override
  public void unset(String logger) {
    find(logger).setLevel(null);
  }

  private static Logger find(String name) {
    return context().getLogger(name.equals(ROOT) ? org.slf4j.Logger.ROOT_LOGGER_NAME : name);
  }

  private static LoggerContext context() {
    return (LoggerContext) LoggerFactory.getILoggerFactory();
  }
}
