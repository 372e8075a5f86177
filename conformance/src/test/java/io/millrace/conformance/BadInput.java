package io.millrace.conformance;

import io.millrace.protocol.batch.BatchHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * What a broker answers to requests that no good client sends. Run against Apache Kafka and against
 * this broker it must give the same table; {@code main} prints it for one address.
 */
public final class BadInput {
  private static final long PRODUCER = 987_654_321L;
  private static final long HOUR_MS = 3_600_000;

  private final Map<String, String> table = new LinkedHashMap<>();

  private BadInput() {}

  /** Prints one line per case: {@code case | answer}. */
  public static void main(String[] args) throws IOException {
    run(args[0]).forEach((name, answer) -> System.out.println(name + " | " + answer));
  }

  /**
   * Answers by case, in order; makes topics with names of its own on the broker at {@code
   * HOST:PORT}.
   */
  static Map<String, String> run(String address) throws IOException {
    BadInput input = new BadInput();
    try (RawConnection connection = RawConnection.open(address)) {
      String prefix = "bad-input-" + Long.toString(System.nanoTime(), 36);
      input.batches(RawTopic.create(connection, prefix, Map.of("max.message.bytes", "2000")));
      input.rules(connection, prefix);
      input.sequences(RawTopic.create(connection, prefix + "-sequences", Map.of()));
      RawTopic read = RawTopic.create(connection, prefix + "-read", Map.of());
      input.fetches(read);
      input.offsets(read);
      input.epochs(read);
      input.producerIds(connection);
      new BadTransactions(
              input.table,
              RawTopic.create(connection, prefix + "-transactions", Map.of()),
              RawTopic.create(connection, prefix + "-transactions-2", Map.of()))
          .run();
    }
    return input.table;
  }

  private void batches(RawTopic topic) throws IOException {
    row("produce: good batch", topic.produce(RawBatch.of(3)));
    row("produce: wrong CRC", topic.produce(flip(RawBatch.of(3), BatchHeader.CRC_AT)));
    row("produce: flipped bit in a record", topic.produce(flip(RawBatch.of(3), 70)));
    row("produce: record count too large", topic.produce(withInt(BatchHeader.RECORD_COUNT_AT, 4)));
    row("produce: record count too small", topic.produce(withInt(BatchHeader.RECORD_COUNT_AT, 2)));
    row("produce: record count zero", topic.produce(withInt(BatchHeader.RECORD_COUNT_AT, 0)));
    row("produce: record count negative", topic.produce(withInt(BatchHeader.RECORD_COUNT_AT, -1)));
    row(
        "produce: last offset delta too large",
        topic.produce(withInt(BatchHeader.LAST_OFFSET_DELTA_AT, 7)));
    row(
        "produce: last offset delta negative",
        topic.produce(withInt(BatchHeader.LAST_OFFSET_DELTA_AT, -1)));
    row("produce: count and delta both too large", topic.produce(bothCounts(9)));
    row("produce: count and delta both too small", topic.produce(bothCounts(2)));
    row("produce: unsorted offsets", topic.produce(unsorted(RawBatch.of(3))));
    row("produce: base offset not zero", topic.produce(RawBatch.of(3).putLong(0, 5)));
    row("produce: magic 0", topic.produce(RawBatch.magic((byte) 0)));
    row("produce: magic 1", topic.produce(RawBatch.magic((byte) 1)));
    row("produce: magic 3", topic.produce(RawBatch.of(1).put(BatchHeader.MAGIC_AT, (byte) 3)));
    row("produce: magic -1", topic.produce(RawBatch.of(1).put(BatchHeader.MAGIC_AT, (byte) -1)));
    row("produce: unknown codec", topic.produce(attributes(6)));
    row("produce: says gzip, is not", topic.produce(attributes(1)));
    row("produce: says log append time", topic.produce(attributes(8)));
    row("produce: control bit", topic.produce(attributes(0x20)));
    row("produce: control batch", topic.produce(marker()));
    row(
        "produce: transactional without transactional id",
        topic.produce(RawBatch.transactional(PRODUCER)));
    row("produce: cut off", topic.produce(RawBatch.of(3).limit(80)));
    row(
        "produce: length too small",
        topic.produce(RawBatch.of(3).putInt(BatchHeader.LENGTH_AT, 5)));
    row(
        "produce: length negative",
        topic.produce(RawBatch.of(3).putInt(BatchHeader.LENGTH_AT, -5)));
    row("produce: empty records", topic.produce(ByteBuffer.allocate(0)));
    row("produce: two batches", topic.produce(RawBatch.join(RawBatch.of(1), RawBatch.of(1))));
    row("produce: oversized batch", topic.produce(RawBatch.of(300)));
    row(
        "produce: compressed below the limit",
        topic.produce(RawBatch.of(Compression.gzip().build(), 300)));
    row(
        "produce: damaged gzip",
        topic.produce(RawBatch.withCrc(flip(RawBatch.of(Compression.gzip().build(), 9), 75))));
    row("produce: unknown topic", topic.named(topic.name() + "-absent").produce(RawBatch.of(1)));
    row("produce: unknown topic id", topic.produceById(new Uuid(7, 7), RawBatch.of(1)));
    row("produce: unknown partition", topic.produce(RawBatch.of(1), -1, 1));
    row("produce: negative partition", topic.produce(RawBatch.of(1), -1, -1));
    row("produce: acks 2", topic.produce(RawBatch.of(1), 2, 0));
    row("produce: acks -2", topic.produce(RawBatch.of(1), -2, 0));
    row("produce: good batch after all that", topic.produce(RawBatch.of(3)));
  }

  private void rules(RawConnection connection, String prefix) throws IOException {
    RawTopic compacted =
        RawTopic.create(connection, prefix + "-compact", Map.of("cleanup.policy", "compact"));
    row("produce: no key in a compacted topic", compacted.produce(RawBatch.withoutKey()));
    RawTopic timed =
        RawTopic.create(
            connection,
            prefix + "-timed",
            Map.of(
                "message.timestamp.before.max.ms",
                "60000",
                "message.timestamp.after.max.ms",
                "60000"));
    row("produce: too old", timed.produce(RawBatch.at(RawBatch.now() - HOUR_MS)));
    row("produce: too new", timed.produce(RawBatch.at(RawBatch.now() + HOUR_MS)));
    row("produce: no timestamp", timed.produce(RawBatch.at(-1)));
    RawTopic strict =
        RawTopic.create(connection, prefix + "-strict", Map.of("min.insync.replicas", "2"));
    row("produce: too few replicas, acks all", strict.produce(RawBatch.of(1), -1, 0));
    row("produce: too few replicas, acks 1", strict.produce(RawBatch.of(1), 1, 0));
  }

  private void sequences(RawTopic topic) throws IOException {
    row(
        "sequence: unknown producer begins at 7",
        topic.produce(RawBatch.idempotent(PRODUCER + 1, 0, 7, 1)));
    for (int i = 0; i < 6; i++) {
      row("sequence: " + 2 * i, topic.produce(RawBatch.idempotent(PRODUCER, 3, 2 * i, 2)));
    }
    row("sequence: duplicate of the last", topic.produce(RawBatch.idempotent(PRODUCER, 3, 10, 2)));
    row(
        "sequence: duplicate of the fifth last",
        topic.produce(RawBatch.idempotent(PRODUCER, 3, 2, 2)));
    row(
        "sequence: duplicate of the sixth last",
        topic.produce(RawBatch.idempotent(PRODUCER, 3, 0, 2)));
    row("sequence: overlaps the last", topic.produce(RawBatch.idempotent(PRODUCER, 3, 11, 2)));
    row("sequence: part of the last", topic.produce(RawBatch.idempotent(PRODUCER, 3, 10, 1)));
    row("sequence: gap", topic.produce(RawBatch.idempotent(PRODUCER, 3, 13, 1)));
    row("sequence: smaller epoch", topic.produce(RawBatch.idempotent(PRODUCER, 2, 12, 1)));
    row("sequence: new epoch not at 0", topic.produce(RawBatch.idempotent(PRODUCER, 4, 12, 1)));
    row("sequence: new epoch at 0", topic.produce(RawBatch.idempotent(PRODUCER, 4, 0, 1)));
    row("sequence: old epoch, old batch", topic.produce(RawBatch.idempotent(PRODUCER, 3, 10, 2)));
    row("sequence: negative", topic.produce(negativeSequence()));
    row(
        "sequence: up to the largest",
        topic.produce(RawBatch.idempotent(PRODUCER + 2, 0, Integer.MAX_VALUE, 1)));
    row("sequence: 0 after the largest", topic.produce(RawBatch.idempotent(PRODUCER + 2, 0, 0, 1)));
    row(
        "sequence: across the largest",
        topic.produce(RawBatch.idempotent(PRODUCER + 3, 0, Integer.MAX_VALUE, 3)));
    row("sequence: behind it", topic.produce(RawBatch.idempotent(PRODUCER + 3, 0, 2, 1)));
    row("sequence: other producers do not care", topic.produce(RawBatch.of(1)));
  }

  private void fetches(RawTopic topic) throws IOException {
    topic.produce(RawBatch.of(5));
    topic.produce(RawBatch.of(5));
    row("fetch: from the start", topic.fetch(topic.wish(0)));
    row("fetch: inside a batch", topic.fetch(topic.wish(7)));
    row("fetch: first batch beyond the limit", topic.fetch(topic.wish(0).setPartitionMaxBytes(1)));
    row("fetch: at the end", topic.fetch(topic.wish(10)));
    row("fetch: behind the end", topic.fetch(topic.wish(11)));
    row("fetch: negative offset", topic.fetch(topic.wish(-1)));
    row("fetch: unknown topic id", topic.fetch(topic.wish(0), new Uuid(7, 7), 0, -1));
    row("fetch: unknown topic", topic.named(topic.name() + "-absent").fetchByName(topic.wish(0)));
    row("fetch: by name", topic.fetchByName(topic.wish(0)));
    row("fetch: unknown partition", topic.fetch(topic.wish(0).setPartition(1)));
    row("fetch: leader epoch of the future", topic.fetch(topic.wish(0).setCurrentLeaderEpoch(5)));
    row("fetch: right leader epoch", topic.fetch(topic.wish(0).setCurrentLeaderEpoch(0)));
    row("fetch: unknown session", topic.fetch(topic.wish(0), topic.id(), 123_456, 1));
    row("fetch: session with a wrong epoch", topic.fetch(topic.wish(0), topic.id(), 0, 3));
  }

  private void offsets(RawTopic topic) throws IOException {
    for (long timestamp : List.of(-1L, -2L, -4L, -5L, -6L, -7L, 0L, Long.MAX_VALUE)) {
      row("offsets: timestamp " + timestamp, offset(topic, topic.name(), 11, 0, timestamp, -1));
    }
    row(
        "offsets: largest timestamp too early a version",
        offset(topic, topic.name(), 6, 0, -3, -1));
    row("offsets: unknown topic", offset(topic, topic.name() + "-absent", 11, 0, -1, -1));
    row("offsets: unknown partition", offset(topic, topic.name(), 11, 1, -1, -1));
    row("offsets: leader epoch of the future", offset(topic, topic.name(), 11, 0, -1, 5));
  }

  private static String offset(
      RawTopic topic, String name, int version, int partition, long timestamp, int epoch)
      throws IOException {
    ListOffsetsPartition asked =
        new ListOffsetsPartition()
            .setPartitionIndex(partition)
            .setTimestamp(timestamp)
            .setCurrentLeaderEpoch(epoch);
    ListOffsetsRequestData request =
        new ListOffsetsRequestData()
            .setReplicaId(-1)
            .setTopics(List.of(new ListOffsetsTopic().setName(name).setPartitions(List.of(asked))));
    ListOffsetsPartitionResponse answer =
        topic
            .connection()
            .ask(ApiKeys.LIST_OFFSETS, version, request, ListOffsetsResponseData::new)
            .topics()
            .getFirst()
            .partitions()
            .getFirst();
    return "%s offset %d epoch %d%s"
        .formatted(
            Errors.forCode(answer.errorCode()),
            answer.offset(),
            answer.leaderEpoch(),
            answer.timestamp() < 0 ? " timestamp " + answer.timestamp() : "");
  }

  private void epochs(RawTopic topic) throws IOException {
    row("epoch: the present one", epochEnd(topic, topic.name(), 0, 0, -1));
    row("epoch: of the future", epochEnd(topic, topic.name(), 0, 9, -1));
    row("epoch: none", epochEnd(topic, topic.name(), 0, -1, -1));
    row("epoch: unknown topic", epochEnd(topic, topic.name() + "-absent", 0, 0, -1));
    row("epoch: unknown partition", epochEnd(topic, topic.name(), 1, 0, -1));
    row("epoch: leader epoch of the future", epochEnd(topic, topic.name(), 0, 0, 5));
  }

  private static String epochEnd(RawTopic topic, String name, int partition, int epoch, int current)
      throws IOException {
    OffsetForLeaderEpochRequestData request =
        new OffsetForLeaderEpochRequestData().setReplicaId(-1);
    request
        .topics()
        .add(
            new OffsetForLeaderTopic()
                .setTopic(name)
                .setPartitions(
                    List.of(
                        new OffsetForLeaderPartition()
                            .setPartition(partition)
                            .setLeaderEpoch(epoch)
                            .setCurrentLeaderEpoch(current))));
    EpochEndOffset answer =
        topic
            .connection()
            .ask(ApiKeys.OFFSET_FOR_LEADER_EPOCH, 4, request, OffsetForLeaderEpochResponseData::new)
            .topics()
            .iterator()
            .next()
            .partitions()
            .getFirst();
    return "%s epoch %d end %d"
        .formatted(Errors.forCode(answer.errorCode()), answer.leaderEpoch(), answer.endOffset());
  }

  private void producerIds(RawConnection connection) throws IOException {
    row("producer id: id without epoch", producerId(connection, 5, -1));
    row("producer id: epoch without id", producerId(connection, -1, 5));
    row("producer id: id of long ago", producerId(connection, 5, 5));
  }

  private static String producerId(RawConnection connection, long id, int epoch)
      throws IOException {
    InitProducerIdRequestData request =
        new InitProducerIdRequestData()
            .setTransactionalId(null)
            .setTransactionTimeoutMs(60_000)
            .setProducerId(id)
            .setProducerEpoch((short) epoch);
    InitProducerIdResponseData answer;
    do {
      answer =
          connection.ask(ApiKeys.INIT_PRODUCER_ID, 4, request, InitProducerIdResponseData::new);
      // the first ids of a new broker take a moment
    } while (answer.errorCode() == Errors.COORDINATOR_LOAD_IN_PROGRESS.code());
    return Errors.forCode(answer.errorCode()) + " epoch " + answer.producerEpoch();
  }

  private void row(String name, String answer) {
    table.put(name, answer);
  }

  private static ByteBuffer flip(ByteBuffer batch, int at) {
    return batch.put(at, (byte) (batch.get(at) ^ 1));
  }

  private static ByteBuffer withInt(int at, int value) {
    return RawBatch.withCrc(RawBatch.of(3).putInt(at, value));
  }

  private static ByteBuffer bothCounts(int count) {
    return RawBatch.withCrc(
        RawBatch.of(3)
            .putInt(BatchHeader.RECORD_COUNT_AT, count)
            .putInt(BatchHeader.LAST_OFFSET_DELTA_AT, count - 1));
  }

  private static ByteBuffer attributes(int attributes) {
    return RawBatch.withCrc(RawBatch.of(1).putShort(BatchHeader.ATTRIBUTES_AT, (short) attributes));
  }

  /**
   * Exchanges the offset deltas of the first two records, which are zigzag 0 and 1 behind length,
   * attributes and time.
   */
  private static ByteBuffer unsorted(ByteBuffer batch) {
    int first = BatchHeader.HEADER_BYTES;
    int second = first + 1 + batch.get(first) / 2;
    return RawBatch.withCrc(batch.put(first + 3, (byte) 2).put(second + 3, (byte) 0));
  }

  private static ByteBuffer marker() {
    ByteBuffer marker =
        MemoryRecords.withEndTransactionMarker(
                PRODUCER, (short) 0, new EndTransactionMarker(ControlRecordType.COMMIT, 0))
            .buffer();
    return ByteBuffer.allocate(marker.remaining()).put(marker).flip();
  }

  private static ByteBuffer negativeSequence() {
    return RawBatch.withCrc(
        RawBatch.idempotent(PRODUCER, 4, 1, 1).putInt(BatchHeader.BASE_SEQUENCE_AT, -3));
  }
}
