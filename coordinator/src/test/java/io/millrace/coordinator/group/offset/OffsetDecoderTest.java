package io.millrace.coordinator.group.offset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The same state as by Kafka's messages, from every record that may be in the log. */
class OffsetDecoderTest {
  private static final int ROUNDS = 20_000;
  private static final long PRODUCER = 7;

  private final Random random = new Random(1);
  private final OffsetStore decoded = new OffsetStore();
  private final OffsetStore expected = new OffsetStore();
  private final List<Record> passedOn = new ArrayList<>();
  private final OffsetDecoder decoder =
      new OffsetDecoder(
          decoded,
          (batch, record) -> {
            passedOn.add(record);
            return null;
          });

  @Test
  void offsetsAreWhatTheirMessagesSay() {
    for (int i = 0; i < ROUNDS; i++) {
      OffsetCommitKey key =
          new OffsetCommitKey()
              .setGroup(random.nextInt(9) == 0 ? "" : "grüppe-" + random.nextInt(5))
              .setTopic("tópic-" + random.nextInt(3_000))
              .setPartition(random.nextInt(1 << random.nextInt(31)));
      OffsetCommitValue value = random.nextInt(10) == 0 ? null : value();
      boolean inTransaction = value != null && random.nextInt(4) == 0;
      decode(bytes(key), value, OffsetRecords.VERSION, inTransaction);
      if (value != null && inTransaction) {
        expected.replayPending(PRODUCER, key, value);
      } else {
        expected.replay(key, value);
      }
      if (random.nextInt(500) == 0) {
        boolean committed = random.nextBoolean();
        decoded.replayMarker(PRODUCER, committed);
        expected.replayMarker(PRODUCER, committed);
      }
    }

    assertThat(passedOn).isEmpty();
    assertThat(decoded.groupIds()).containsExactlyElementsOf(expected.groupIds());
    for (String group : expected.groupIds()) {
      assertThat(decoded.of(group)).isEqualTo(expected.of(group)).isNotEmpty();
      assertThat(decoded.pendingOf(group)).isEqualTo(expected.pendingOf(group));
    }
  }

  @Test
  void groupsTopicsAndTopicIdsThatComeAgainAreTheSameObjects() {
    OffsetCommitValue value = value().setTopicId(Uuid.METADATA_TOPIC_ID).setMetadata("");
    for (String group : List.of("a", "b")) {
      decode(bytes(key(group)), value, OffsetRecords.VERSION, false);
    }

    Slot slot = decoded.of("a").keySet().iterator().next();
    assertThat(decoded.of("b").keySet().iterator().next()).isSameAs(slot);
    assertThat(decoded.of("a").values().iterator().next().topicId())
        .isSameAs(decoded.of("b").values().iterator().next().topicId());
  }

  @Test
  void aTombstoneInATransactionChangesNothing() {
    decode(bytes(key("a")), value(), OffsetRecords.VERSION, false);
    decode(bytes(key("a")), null, OffsetRecords.VERSION, true);

    assertThat(decoded.of("a")).hasSize(1);
  }

  @Test
  void whatIsNoOffsetOrOfAnOlderVersionIsLeftToMessages() {
    for (int version = 0; version < OffsetRecords.VERSION; version++) {
      decode(bytes(key("a")), value(), version, false);
    }
    decode(
        MessageUtil.toCoordinatorTypePrefixedBytes(new GroupMetadataKey().setGroup("a")),
        null,
        0,
        false);

    assertThat(passedOn).hasSize(OffsetRecords.VERSION + 1);
    assertThat(decoded.groupIds()).isEmpty();
  }

  private static OffsetCommitKey key(String group) {
    return new OffsetCommitKey().setGroup(group).setTopic("t").setPartition(3);
  }

  private static byte[] bytes(OffsetCommitKey key) {
    return MessageUtil.toCoordinatorTypePrefixedBytes(key);
  }

  private OffsetCommitValue value() {
    OffsetCommitValue value =
        new OffsetCommitValue()
            .setOffset(random.nextLong())
            .setLeaderEpoch(random.nextInt(100) - 1)
            .setMetadata(random.nextInt(3) > 0 ? "" : "ä".repeat(random.nextInt(200)))
            .setCommitTimestamp(random.nextLong());
    return random.nextInt(4) == 0
        ? value
        : value.setTopicId(new Uuid(random.nextInt(5), random.nextInt(3)));
  }

  private void decode(
      byte[] key, @Nullable OffsetCommitValue value, int version, boolean inTransaction) {
    SimpleRecord record =
        new SimpleRecord(
            0,
            key,
            value == null ? null : MessageUtil.toVersionPrefixedBytes((short) version, value));
    MemoryRecords records =
        inTransaction
            ? MemoryRecords.withTransactionalRecords(
                Compression.NONE, PRODUCER, (short) 0, 0, record)
            : MemoryRecords.withRecords(Compression.NONE, record);
    RecordBatch batch = records.batches().iterator().next();
    Runnable replay = decoder.decode(batch, batch.iterator().next());
    if (replay != null) {
      replay.run();
    }
  }
}
