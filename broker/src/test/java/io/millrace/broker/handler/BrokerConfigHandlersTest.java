package io.millrace.broker.handler;

import static org.apache.kafka.common.config.ConfigResource.Type.BROKER;
import static org.apache.kafka.common.config.ConfigResource.Type.BROKER_LOGGER;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.config.LiveConfig;
import io.millrace.broker.config.LogKeys;
import io.millrace.broker.config.NetworkKeys;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BrokerConfigHandlersTest {
  private static final String OK = "NONE null";
  private static final String ALL = "";

  private final HandlerWorld world =
      new HandlerWorld(Map.of("node.id", "1", "message.max.bytes", "1000"));
  private final ConfigCalls configs = new ConfigCalls(world);

  @Test
  void aBrokersDynamicValueGoesBeforeTheClustersDefaultAndThatBeforeItsFile() {
    assertThat(configs.describe(BROKER, "1", "message.max.bytes"))
        .containsExactly(
            "message.max.bytes=1000 [4:message.max.bytes=1000, 5:message.max.bytes=1048588]");

    assertThat(configs.set(BROKER, ALL, "message.max.bytes", "2000")).isEqualTo(OK);
    assertThat(configs.set(BROKER, "1", "message.max.bytes", "3000")).isEqualTo(OK);

    assertThat(configs.describe(BROKER, "1", "message.max.bytes"))
        .containsExactly(
            "message.max.bytes=3000 [2:message.max.bytes=3000, 3:message.max.bytes=2000,"
                + " 4:message.max.bytes=1000, 5:message.max.bytes=1048588]");
    assertThat(configs.describe(BROKER, ALL, "message.max.bytes"))
        .containsExactly("message.max.bytes=2000 [3:message.max.bytes=2000]");
  }

  @Test
  void aReaderSeesEachChangeAtOnceAndWhatItWasStartedWithWhenItIsTakenBack() {
    LiveConfig live = new LiveConfig(world.config, 1, world.metadata::image);
    assertThat(live.get(LogKeys.MESSAGE_MAX_BYTES)).isEqualTo(1000);

    configs.set(BROKER, ALL, "message.max.bytes", "2000");
    assertThat(live.get(LogKeys.MESSAGE_MAX_BYTES)).isEqualTo(2000);
    configs.set(BROKER, "1", "message.max.bytes", "3000");
    assertThat(live.get(LogKeys.MESSAGE_MAX_BYTES)).isEqualTo(3000);
    configs.alter(BROKER, "1", OpType.DELETE, "message.max.bytes", null);
    configs.alter(BROKER, ALL, OpType.DELETE, "message.max.bytes", null);

    assertThat(live.get(LogKeys.MESSAGE_MAX_BYTES)).isEqualTo(1000);
    assertThat(live.get(NetworkKeys.MAX_CONNECTIONS)).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void keysThatStandForOneAnotherAreShownTogetherWhereTheFirstIsGiven() {
    assertThat(configs.describe(BROKER, "1", "log.retention.ms"))
        .containsExactly("log.retention.ms=null []");

    configs.set(BROKER, "1", "log.retention.ms", "5000");

    assertThat(configs.describe(BROKER, "1", "log.retention.ms"))
        .containsExactly(
            "log.retention.ms=5000 [2:log.retention.ms=5000, 5:log.retention.hours=168]");
  }

  @Test
  void aKeyNobodyKnowsIsKeptAndNotShown() {
    assertThat(configs.set(BROKER, "1", "plug.in.secret", "hush")).isEqualTo(OK);

    assertThat(configs.describe(BROKER, "1", "plug.in.secret"))
        .containsExactly("plug.in.secret=null sensitive [2:plug.in.secret=null]");
    assertThat(configs.describe(BROKER, "1").toString()).doesNotContain("hush");
  }

  @Test
  void whatAListenerHasForItselfIsKeptForOneBroker() {
    assertThat(configs.set(BROKER, "1", "listener.name.a.ssl.keystore.location", "f"))
        .isEqualTo(OK);
    assertThat(configs.set(BROKER, "1", "listener.name.a.ssl.keystore.password", "hush"))
        .isEqualTo(OK);

    assertThat(
            configs.describe(
                BROKER,
                "1",
                "listener.name.a.ssl.keystore.location",
                "listener.name.a.ssl.keystore.password"))
        .containsExactly(
            "listener.name.a.ssl.keystore.location=f [2:listener.name.a.ssl.keystore.location=f]",
            "listener.name.a.ssl.keystore.password=null sensitive"
                + " [2:listener.name.a.ssl.keystore.password=null]");
  }

  @Test
  void theOlderRequestLeavesNothingThatItDoesNotName() {
    configs.set(BROKER, "1", "message.max.bytes", "3000");

    assertThat(configs.replace(BROKER, "1", "log.retention.ms", "9")).isEqualTo(OK);

    assertThat(configs.describe(BROKER, "1", "message.max.bytes", "log.retention.ms"))
        .anyMatch(line -> line.startsWith("message.max.bytes=1000 "))
        .anyMatch(line -> line.startsWith("log.retention.ms=9 "));
    assertThat(configs.replace(BROKER_LOGGER, "1", "root", "WARN"))
        .isEqualTo("INVALID_REQUEST Unknown resource type 8");
  }

  @Test
  void keysThatCannotBeChangedAreShownReadOnly() {
    assertThat(configs.describe(BROKER, "1", "node.id"))
        .containsExactly("node.id=1 read-only [4:node.id=1, 5:node.id=1]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      quoteCharacter = '"',
      value = {
        "1 | node.id | 4 | INVALID_REQUEST Cannot update these configs dynamically: [node.id]",
        "1 | log.retention.ms | soon | INVALID_REQUEST Invalid value soon for configuration log.retention.ms: Not a number of type LONG",
        "\"\" | num.io.threads | 0 | INVALID_REQUEST Invalid value 0 for configuration num.io.threads: Value must be at least 1",
        "\"\" | num.io.threads | 100 | INVALID_REQUEST Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed for num.io.threads=100, value should not be greater than double the current value 8 for configuration Invalid dynamic configuration",
        "1 | num.io.threads | 3 | INVALID_REQUEST Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed for num.io.threads=3, value should be at least half the current value 8 for configuration Invalid dynamic configuration",
        "1 | ssl.keystore.password | x | INVALID_REQUEST These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.password]",
        "\"\" | listener.name.a.ssl.key.password | x | INVALID_REQUEST Cannot update these configs at default cluster level, broker id must be specified: [listener.name.a.ssl.key.password]",
        "1 | min.insync.replicas | 2 | INVALID_CONFIG Broker-level min.insync.replicas cannot be altered while ELR is enabled.",
        "1 | log.retention.ms | 0 | INVALID_REQUEST log.retention.ms=0: records need some time; use -1 to keep them for ever",
        "9 | log.retention.ms | 5 | INVALID_REQUEST Unexpected broker id, expected 1, but received 9",
        "one | log.retention.ms | 5 | INVALID_REQUEST Node id must be an integer, but it is: one",
      })
  void whatKafkaRefusesIsRefused(String name, String key, String value, String expected) {
    assertThat(configs.set(BROKER, name, key, value)).isEqualTo(expected);
  }

  @Test
  void aStoredValueOfAnotherVersionThatIsNoneHereIsPassedOver() {
    world.commit(
        new ConfigsChanged(
            ConfigScope.BROKER, "1", Map.of("message.max.bytes", Optional.of("lots"))));

    assertThat(
            new LiveConfig(world.config, 1, world.metadata::image).get(LogKeys.MESSAGE_MAX_BYTES))
        .isEqualTo(1000);
  }

  @Test
  void loggersAreShownAndSet() {
    assertThat(configs.describe(BROKER_LOGGER, "1"))
        .containsExactlyInAnyOrder("root=INFO []", "io.millrace=INFO []", "io.netty=WARN []");

    assertThat(configs.set(BROKER_LOGGER, "1", "io.millrace", "DEBUG")).isEqualTo(OK);
    assertThat(configs.alter(BROKER_LOGGER, "1", OpType.DELETE, "io.netty", null)).isEqualTo(OK);

    assertThat(world.loggers.levels())
        .isEqualTo(Map.of("root", "INFO", "io.millrace", "DEBUG", "io.netty", "INFO"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "1 | SET | root | LOUD | INVALID_CONFIG Cannot set the log level of root to LOUD as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN",
        "1 | SET | no.such | INFO | INVALID_CONFIG Logger no.such does not exist!",
        "1 | DELETE | root | null | INVALID_REQUEST Removing the log level of the root logger is not allowed",
        "1 | APPEND | root | INFO | INVALID_REQUEST APPEND operation is not allowed for the BROKER_LOGGER resource",
        "2 | SET | root | INFO | INVALID_REQUEST Unexpected broker id, expected 1, but received 2",
      })
  void loggersAreChangedUnderKafkasRules(
      String name, OpType operation, String logger, @Nullable String level, String expected) {
    assertThat(configs.alter(BROKER_LOGGER, name, operation, logger, level)).isEqualTo(expected);
    assertThat(world.loggers.levels()).containsEntry("root", "INFO");
  }

  @Test
  void anotherBrokersConfigsAreNotDescribedHere() {
    for (var type : List.of(BROKER, BROKER_LOGGER)) {
      assertThat(configs.described(type, "7").errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    }
  }
}
