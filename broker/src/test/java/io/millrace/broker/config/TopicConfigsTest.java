package io.millrace.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.ConfigResource;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pcollections.TreePMap;

/**
 * Topic configs: precedence, validation and descriptions; expected texts are what Apache Kafka
 * 4.3.1 answers.
 */
class TopicConfigsTest {
  private static final MetadataImage EMPTY = MetadataImage.EMPTY;

  @Test
  void aTopicsOwnValueGoesBeforeTheBrokersAndThatBeforeTheDefault() {
    // given
    TopicConfigs configs =
        new TopicConfigs(
            BrokerConfig.of(Map.of("message.max.bytes", "2000", "log.retention.hours", "2")), 1);
    // when
    TopicSettings own = configs.settings(EMPTY, Map.of("max.message.bytes", "3000"));
    TopicSettings inherited = configs.settings(EMPTY, Map.of());
    // then
    assertThat(own.maxMessageBytes()).isEqualTo(3000);
    assertThat(inherited.maxMessageBytes()).isEqualTo(2000);
    assertThat(inherited.retentionMs()).isEqualTo(7_200_000);
    assertThat(inherited.timestampAfterMaxMs()).isEqualTo(3_600_000);
  }

  @Test
  void ofTheBrokersKeysForOneValueTheFinestCounts() {
    assertThat(retention("log.retention.hours", "1")).isEqualTo(3_600_000);
    assertThat(retention("log.retention.hours", "1", "log.retention.minutes", "2"))
        .isEqualTo(120_000);
    assertThat(
            retention(
                "log.retention.hours", "1", "log.retention.minutes", "2", "log.retention.ms", "3"))
        .isEqualTo(3);
    assertThat(retention("log.retention.hours", "-1")).isEqualTo(-1);
    assertThat(retention("log.retention.ms", "-5")).isEqualTo(-1);
  }

  @Test
  void storedValuesGoFromTheTopicOverTheBrokerAndTheClusterToTheFile() {
    // given
    BrokerConfig broker = BrokerConfig.of(Map.of("node.id", "4", "message.max.bytes", "100"));
    TopicConfigs configs = new TopicConfigs(broker, 4);
    Uuid topic = Uuid.randomUuid();
    MetadataImage cluster =
        with(EMPTY, ConfigScope.CLUSTER_DEFAULT, "", "message.max.bytes", "200");
    MetadataImage dynamic = with(cluster, ConfigScope.BROKER, "4", "message.max.bytes", "300");
    MetadataImage own =
        with(dynamic, ConfigScope.TOPIC, topic.toString(), "max.message.bytes", "400");
    MetadataImage ofAnotherBroker =
        with(cluster, ConfigScope.BROKER, "5", "message.max.bytes", "500");
    // then: each image is asked twice, since settings are cached
    List<MetadataImage> images = List.of(EMPTY, cluster, dynamic, own, ofAnotherBroker, EMPTY);
    assertThat(
            images.stream()
                .flatMap(image -> Stream.of(image, image))
                .map(image -> configs.settings(image, topic).maxMessageBytes()))
        .containsExactly(100, 100, 200, 200, 300, 300, 400, 400, 200, 200, 100, 100);
    assertThat(
            configs.describe(own, topic).stream()
                .filter(entry -> entry.name().equals("max.message.bytes"))
                .flatMap(entry -> entry.synonyms().stream())
                .map(synonym -> synonym.value() + " " + synonym.source()))
        .containsExactly(
            "400 TOPIC",
            "300 DYNAMIC_BROKER",
            "200 DYNAMIC_CLUSTER_DEFAULT",
            "100 STATIC",
            "1048588 DEFAULT");
  }

  private static MetadataImage with(
      MetadataImage image, ConfigScope scope, String name, String key, String value) {
    return new MetadataImage(
        image.entryNumber(),
        image.entryHash(),
        image.clusterId(),
        image.formatVersion(),
        image.incarnations(),
        image.ended(),
        image.brokers(),
        image.topics(),
        image.topicIds(),
        image.objects(),
        image.configs().plus(new ConfigResource(scope, name), TreePMap.singleton(key, value)),
        image.features(),
        image.quotas(),
        image.unregistered(),
        image.nextProducerId(),
        image.nextBrokerEpoch());
  }

  private static long retention(String... keysAndValues) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      values.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return new TopicConfigs(BrokerConfig.of(values), 1)
        .settings(EMPTY, Uuid.ONE_UUID)
        .retentionMs();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "retention.ms | abc | Invalid value abc for configuration retention.ms: Not a number of type LONG",
        "retention.ms | -2 | Invalid value -2 for configuration retention.ms: Value must be at least -1",
        "foo.bar | 1 | Unknown topic config name: foo.bar",
        "cleanup.policy | delete,del | Invalid value del for configuration cleanup.policy: String must be one of: compact, delete",
        "preallocate | yes | Invalid value yes for configuration preallocate: Expected value to be either true or false",
        "min.cleanable.dirty.ratio | 2 | Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
        "compression.type | foo | Invalid value foo for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
        "compression.gzip.level | 0 | Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
        "compression.zstd.level | 30 | Invalid value 30 for configuration compression.zstd.level: Value must be no more than 22",
        "segment.bytes | 1 | Invalid value 1 for configuration segment.bytes: Value must be at least 1048576",
        "max.message.bytes | 99999999999 | Invalid value 99999999999 for configuration max.message.bytes: Not a number of type INT",
        "leader.replication.throttled.replicas | x | Invalid value [x] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
        "remote.storage.enable | true | Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
      })
  void aBadValueIsRefusedInKafkasWords(String key, String value, String expected) {
    assertThat(configs().problem(Map.of(key, value))).isEqualTo(expected);
  }

  @Test
  void valuesThatContradictEachOtherOrAreNullAreRefusedInKafkasWords() {
    assertThat(
            configs().problem(Map.of("min.compaction.lag.ms", "6", "max.compaction.lag.ms", "5")))
        .isEqualTo(
            "conflict topic config setting min.compaction.lag.ms (6) > max.compaction.lag.ms (5)");
    Map<String, @Nullable String> withNull = new HashMap<>();
    withNull.put("retention.ms", null);
    assertThat(configs().problem(withNull))
        .isEqualTo("Null value not supported for topic configs: retention.ms");
  }

  @Test
  void whatKafkaAcceptsIsAccepted() {
    assertThat(
            configs()
                .problem(
                    Map.of(
                        "cleanup.policy", " compact , delete ",
                        "retention.ms", " 5 ",
                        "retention.bytes", "-5",
                        "follower.replication.throttled.replicas", "0:1,2:3",
                        "leader.replication.throttled.replicas", "*")))
        .isNull();
    assertThat(configs().problem(Map.of("cleanup.policy", ""))).isNull();
  }

  @Test
  void descriptionsShowSourcesAndSynonymsAsKafkaDoes() {
    // given
    TopicConfigs configs =
        new TopicConfigs(BrokerConfig.of(Map.of("log.retention.hours", "100")), 1);
    // when
    Map<String, ConfigEntry> entries = new HashMap<>();
    configs
        .describe(EMPTY, Map.of("retention.bytes", "77"))
        .forEach(entry -> entries.put(entry.name(), entry));
    // then
    assertThat(entries).hasSize(33).doesNotContainKey("internal.segment.bytes");
    assertThat(shown(entries, "retention.bytes"))
        .isEqualTo("77 [retention.bytes=77 TOPIC, log.retention.bytes=-1 DEFAULT]");
    assertThat(shown(entries, "retention.ms")).isEqualTo("360000000 []");
    assertThat(shown(entries, "min.insync.replicas"))
        .isEqualTo(
            "1 [min.insync.replicas=1 DYNAMIC_CLUSTER_DEFAULT, min.insync.replicas=1 DEFAULT]");
    assertThat(shown(entries, "max.message.bytes"))
        .isEqualTo("1048588 [message.max.bytes=1048588 DEFAULT]");
    assertThat(Objects.requireNonNull(entries.get("retention.bytes")).source())
        .isEqualTo(ConfigSource.TOPIC);
    assertThat(Objects.requireNonNull(entries.get("retention.ms")).source())
        .isEqualTo(ConfigSource.DEFAULT);
  }

  private static String shown(Map<String, ConfigEntry> entries, String name) {
    ConfigEntry entry = Objects.requireNonNull(entries.get(name));
    return entry.value()
        + " "
        + entry.synonyms().stream()
            .map(s -> s.name() + "=" + s.value() + " " + s.source())
            .toList();
  }

  @Test
  void listsAreAppendedToAndSubtractedFrom() {
    assertThat(alter("cleanup.policy", OpType.APPEND, "compact"))
        .isEqualTo("{cleanup.policy=Optional[delete,compact]}");
    assertThat(alter("cleanup.policy", OpType.SUBTRACT, "delete"))
        .isEqualTo("{cleanup.policy=Optional[]}");
    assertThat(alter("leader.replication.throttled.replicas", OpType.APPEND, "0:1,0:2"))
        .isEqualTo("{leader.replication.throttled.replicas=Optional[0:1,0:2]}");
  }

  @Test
  void changesAreRefusedAsKafkaRefusesThem() {
    assertThat(alter("retention.ms", OpType.APPEND, "1"))
        .isEqualTo("INVALID_CONFIG Can't APPEND to key retention.ms because its type is not LIST.");
    assertThat(alter("retention.ms", OpType.SET, null))
        .isEqualTo("INVALID_REQUEST Null value not supported for : retention.ms");
    assertThat(alter("foo", OpType.SET, "1"))
        .isEqualTo("INVALID_CONFIG Unknown topic config name: foo");
    assertThat(alter("foo", OpType.DELETE, null)).isEqualTo("{}");
  }

  private static String alter(String key, OpType operation, @Nullable String value) {
    ConfigChanges.Outcome outcome =
        configs()
            .change(EMPTY, Uuid.ONE_UUID, List.of(new ConfigChanges.Change(key, operation, value)));
    return switch (outcome) {
      case ConfigChanges.Changed changed -> changed.changes().toString();
      case ConfigChanges.Refused(Errors error, String message) -> error + " " + message;
    };
  }

  private static TopicConfigs configs() {
    return new TopicConfigs(BrokerConfig.of(Map.of()), 1);
  }
}
