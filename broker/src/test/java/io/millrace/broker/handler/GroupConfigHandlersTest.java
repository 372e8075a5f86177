package io.millrace.broker.handler;

import static org.apache.kafka.common.config.ConfigResource.Type.CLIENT_METRICS;
import static org.apache.kafka.common.config.ConfigResource.Type.GROUP;
import static org.apache.kafka.common.config.ConfigResource.Type.TOPIC;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.GroupConfigs;
import io.millrace.coordinator.group.consumer.ConsumerSettings;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configs of groups and of client-metrics subscriptions. */
class GroupConfigHandlersTest {
  private static final String OK = "NONE null";

  private final HandlerWorld world =
      new HandlerWorld(
          Map.of(
              "node.id", "1",
              "group.consumer.session.timeout.ms", "46000",
              "group.consumer.max.session.timeout.ms", "60000"));
  private final ConfigCalls configs = new ConfigCalls(world);

  @Test
  void aGroupsOwnValueGoesBeforeTheBrokersKey() {
    assertThat(configs.describe(GROUP, "g", "consumer.session.timeout.ms"))
        .containsExactly(
            "consumer.session.timeout.ms=46000 [4:group.consumer.session.timeout.ms=46000,"
                + " 5:group.consumer.session.timeout.ms=45000]");

    assertThat(configs.set(GROUP, "g", "consumer.session.timeout.ms", "50000")).isEqualTo(OK);

    assertThat(configs.describe(GROUP, "g", "consumer.session.timeout.ms"))
        .containsExactly(
            "consumer.session.timeout.ms=50000 [8:consumer.session.timeout.ms=50000,"
                + " 4:group.consumer.session.timeout.ms=46000,"
                + " 5:group.consumer.session.timeout.ms=45000]");
    assertThat(settings("g")).isEqualTo(new ConsumerSettings.OfGroup(50000, 5000, 1000));
    assertThat(settings("other")).isEqualTo(new ConsumerSettings.OfGroup(46000, 5000, 1000));
    assertThat(configs.describe(GROUP, "g")).hasSize(17);
  }

  @Test
  void aBrokerThatAllowsLessThanWasSetHoldsTheGroupToThat() {
    configs.set(GROUP, "g", "consumer.session.timeout.ms", "59000");
    GroupConfigs stricter =
        new GroupConfigs(
            BrokerConfig.of(Map.of("group.consumer.max.session.timeout.ms", "50000")), 2);

    assertThat(stricter.ofConsumers(world.metadata.image(), "g").sessionTimeoutMs())
        .isEqualTo(50000);
  }

  private ConsumerSettings.OfGroup settings(String group) {
    return world.configs.groups().ofConsumers(world.metadata.image(), group);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "consumer.session.timeout.ms | 1 | consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
        "consumer.session.timeout.ms | 60001 | consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms",
        "consumer.session.timeout.ms | soon | Invalid value soon for configuration consumer.session.timeout.ms: Not a number of type INT",
        "consumer.heartbeat.interval.ms | 100 | consumer.heartbeat.interval.ms must be greater than or equal to group.consumer.min.heartbeat.interval.ms",
        "share.record.lock.duration.ms | 1 | Invalid value 1 for configuration share.record.lock.duration.ms: Value must be at least 1000",
        "share.auto.offset.reset | nonsense | Invalid value nonsense for configuration share.auto.offset.reset: Invalid value `nonsense` for configuration share.auto.offset.reset. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
        "streams.num.standby.replicas | 50 | streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas",
        "no.such.key | 1 | Unknown group config name: no.such.key",
      })
  void groupConfigsAreRefusedAsKafkaRefusesThem(String key, String value, String message) {
    assertThat(configs.set(GROUP, "g", key, value)).isEqualTo("INVALID_CONFIG " + message);
    assertThat(configs.list(1, GROUP)).isEmpty();
  }

  @Test
  void aSubscriptionShowsAllItsKeysWithWhatWasSet() {
    assertThat(configs.set(CLIENT_METRICS, "m", "interval.ms", "60000")).isEqualTo(OK);
    assertThat(configs.set(CLIENT_METRICS, "m", "match", "client_id=a.*")).isEqualTo(OK);

    assertThat(configs.describe(CLIENT_METRICS, "m"))
        .containsExactly(
            "interval.ms=60000 [7:interval.ms=60000]",
            "match=client_id=a.* [7:match=client_id=a.*]",
            "metrics= []");
    assertThat(configs.describe(CLIENT_METRICS, "absent", "interval.ms"))
        .containsExactly("interval.ms=300000 []");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "interval.ms | 5 | INVALID_REQUEST Invalid value 5 for interval.ms, interval must be between 100 and 3600000 (1 hour)",
        "interval.ms | soon | INVALID_CONFIG Invalid value soon for configuration interval.ms: Not a number of type INT",
        "match | nonsense | INVALID_CONFIG Illegal client matching pattern: nonsense",
        "match | colour=red | INVALID_CONFIG Illegal client matching pattern: colour=red",
        "match | client_id=[ | INVALID_CONFIG Illegal client matching pattern: client_id=[",
        "no.such.key | 1 | INVALID_REQUEST Unknown client metrics configuration: no.such.key",
      })
  void subscriptionsAreRefusedAsKafkaRefusesThem(String key, String value, String expected) {
    assertThat(configs.set(CLIENT_METRICS, "m", key, value)).isEqualTo(expected);
  }

  @Test
  void resourcesWithoutANameAreRefused() {
    assertThat(configs.set(GROUP, "", "consumer.session.timeout.ms", "50000"))
        .startsWith("INVALID_REQUEST");
    assertThat(configs.set(CLIENT_METRICS, "", "interval.ms", "1000"))
        .startsWith("INVALID_REQUEST");
  }

  @Test
  void whatHasConfigsIsListed() {
    world.createTopic("alpha", 1);
    configs.set(CLIENT_METRICS, "m", "interval.ms", "60000");
    configs.set(GROUP, "g", "consumer.session.timeout.ms", "50000");

    assertThat(configs.list(0)).containsExactly("CLIENT_METRICS m");
    assertThat(configs.list(1))
        .containsExactlyInAnyOrder(
            "TOPIC alpha", "BROKER 1", "BROKER_LOGGER 1", "CLIENT_METRICS m", "GROUP g");
    assertThat(configs.list(1, TOPIC)).containsExactly("TOPIC alpha");

    configs.alter(GROUP, "g", OpType.DELETE, "consumer.session.timeout.ms", null);
    assertThat(configs.list(1, GROUP)).isEmpty();
  }
}
