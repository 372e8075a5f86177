package io.millrace.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The declarations as a whole. */
class KeysTest {

  @Test
  void everyBrokerKeyOfKafka43IsDeclared() throws IOException {
    assertThat(lines("kafka-4.3-broker-keys.txt"))
        .hasSizeGreaterThan(350)
        .allSatisfy(name -> assertThat(BrokerKeys.find(name)).as(name).isNotNull());
  }

  @Test
  void everyBrokerKeyOfKafka28And39IsDeclared() throws IOException {
    assertThat(lines("kafka-older-broker-keys.txt"))
        .hasSizeGreaterThan(300)
        .allSatisfy(name -> assertThat(BrokerKeys.find(name)).as(name).isNotNull());
  }

  @Test
  void theTopicKeysAreThoseOfKafka43() throws IOException {
    assertThat(TopicKeys.all().stream().map(key -> key.key().name()))
        .containsExactlyInAnyOrderElementsOf(lines("kafka-4.3-topic-keys.txt"));
  }

  @Test
  void everyDefaultIsAValueOfItsKey() {
    List<ConfigKey<?>> keys = new ArrayList<>(BrokerKeys.all());
    TopicKeys.all().forEach(key -> keys.add(key.key()));
    for (ConfigKey<?> key : keys) {
      if (key.defaultText() != null) {
        assertThat(key.problem(key.defaultText())).as(key.name()).isNull();
      }
    }
  }

  @Test
  void everyKeySaysInASentenceWhatItMeansAndWhyItHasNoEffect() {
    for (ConfigKey<?> key : BrokerKeys.all()) {
      assertThat(key.doc()).as(key.name()).matches("(?s)[A-Z].*\\.");
      if (key.status() instanceof KeyStatus.Accepted accepted) {
        assertThat(accepted.reason()).as(key.name()).matches("(?s)[A-Z].*\\.");
      }
    }
  }

  @Test
  void aTopicsDefaultIsWhatTheBrokersKeysGive() {
    for (TopicKeys.TopicKey<?> topicKey : TopicKeys.all()) {
      topicKey.behindIt().stream()
          .filter(behind -> behind.brokerKey().defaultText() != null)
          .findFirst()
          .ifPresent(behind ->
              assertThat(topicKey.key().defaultText())
                  .as(topicKey.key().name())
                  .isEqualTo(
                      behind.topicText(Objects.requireNonNull(behind.brokerKey().defaultText()))));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "message.max.bytes, 1048588",
    "socket.request.max.bytes, 104857600",
    "num.partitions, 1",
    "default.replication.factor, 1",
    "min.insync.replicas, 1",
    "auto.create.topics.enable, true",
    "connections.max.idle.ms, 600000",
    "max.incremental.fetch.session.cache.slots, 1000",
    "fetch.max.bytes, 57671680",
    "offsets.topic.num.partitions, 50",
    "offset.metadata.max.bytes, 4096",
    "group.min.session.timeout.ms, 6000",
    "group.max.session.timeout.ms, 1800000",
    "group.initial.rebalance.delay.ms, 3000",
    "producer.id.expiration.ms, 86400000",
    "transactional.id.expiration.ms, 604800000",
    "log.message.timestamp.after.max.ms, 3600000",
    "log.retention.hours, 168",
    "wal.sync, always"
  })
  void importantKeysHaveTheDefaultsPeopleRelyOn(String name, String value) {
    assertThat(Objects.requireNonNull(BrokerKeys.find(name)).defaultText()).isEqualTo(value);
  }

  @Test
  void unitsFollowFromNames() {
    Map<String, String> units = new HashMap<>();
    BrokerKeys.all().forEach(key -> units.put(key.name(), key.unit()));
    assertThat(units)
        .containsEntry("log.retention.ms", "ms")
        .containsEntry("log.retention.hours", "h")
        .containsEntry("message.max.bytes", "bytes")
        .containsEntry("wal.entry.bytes.max", "bytes")
        .containsEntry("log.message.timestamp.before.max.ms", "ms")
        .containsEntry("log.dirs", "");
  }

  private static List<String> lines(String resource) throws IOException {
    try (InputStream stream = KeysTest.class.getResourceAsStream(resource)) {
      return new String(Objects.requireNonNull(stream).readAllBytes(), StandardCharsets.ISO_8859_1)
          .lines()
          .toList();
    }
  }
}
