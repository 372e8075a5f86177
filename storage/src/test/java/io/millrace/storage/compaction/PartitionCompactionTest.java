package io.millrace.storage.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PartitionCompactionTest {
  private static final long RETENTION_MS = 1000;
  private static final long NOW_MS = 50_000;

  private final List<ByteBuffer> log = new ArrayList<>();
  private final List<long[]> aborted = new ArrayList<>();
  private long next;
  private long nowMs = NOW_MS;

  @Test
  void theNewestRecordOfEachKeyStaysWhereItWas() {
    add(Compression.NONE, put("a", "1"), put("b", "1"));
    add(Compression.gzip().build(), put("a", "2"), put("c", "1"));
    add(Compression.NONE, put("b", "2"));

    compact(next);

    assertThat(texts()).containsExactly("2 a=2", "3 c=1", "4 b=2");
    assertThat(log).hasSize(2);
    assertThat(BatchHeader.baseOffset(log.getFirst(), 0)).isEqualTo(2);
    assertThat(BatchHeader.compression(log.getFirst(), 0)).isEqualTo(1);
  }

  @Test
  void aBatchOfWhichEverythingStaysIsTheSameBytes() {
    add(Compression.gzip().build(), put("a", "1"), put("b", "1"));
    ByteBuffer before = log.getFirst().duplicate();

    compact(next);

    assertThat(log.getFirst()).isEqualTo(before);
  }

  @Test
  void whatIsAboveTheEndCountsForNothing() {
    add(Compression.NONE, put("a", "1"));
    add(Compression.NONE, put("b", "1"));
    add(Compression.NONE, put("a", "2"));

    compact(2);

    assertThat(texts()).containsExactly("0 a=1", "1 b=1", "2 a=2");
  }

  @Test
  void whatWasCompactedBeforeIsComparedWithWhatIsNew() {
    add(Compression.NONE, put("a", "1"), put("b", "1"));
    add(Compression.NONE, put("c", "1"));
    compact(next);
    long dirtyFrom = next;
    add(Compression.NONE, put("a", "2"));

    compact(dirtyFrom, next, 1 << 20);

    assertThat(texts()).containsExactly("1 b=1", "2 c=1", "3 a=2");
  }

  @Test
  void aTombstoneStaysUntilCompactionHasKnownItForLongEnough() {
    add(Compression.NONE, put("a", "1"));
    add(Compression.NONE, put("a", null));
    add(Compression.NONE, put("b", "1"));

    compact(next);
    assertThat(texts()).containsExactly("1 a=null", "2 b=1");
    assertThat(horizon(log.getFirst())).hasValue(NOW_MS + RETENTION_MS);
    nowMs += RETENTION_MS - 1;
    compact(next, next, 1 << 20);
    assertThat(texts()).containsExactly("1 a=null", "2 b=1");
    nowMs++;
    compact(next, next, 1 << 20);
    assertThat(texts()).containsExactly("2 b=1");
  }

  @Test
  void timesStayAsTheyWereWhenATombstoneIsGivenItsTime() {
    add(Compression.NONE, put("a", null), put("b", "1"));

    compact(next);

    assertThat(records()).extracting(Record::timestamp).containsExactly(7L, 7L);
  }

  @Test
  void theBatchInFrontOfTheEndStaysThoughNothingOfItDoes() {
    add(Compression.NONE, put("a", "1"));
    add(Compression.NONE, put(null, "no key"), put(null, "no key"));

    compact(next);

    assertThat(texts()).containsExactly("0 a=1");
    assertThat(log).hasSize(2);
    assertThat(BatchHeader.recordCount(log.getLast(), 0)).isZero();
    assertThat(BatchHeader.lastOffset(log.getLast(), 0)).isEqualTo(2);
  }

  @Test
  void abortedRecordsGoAndHideNothing() {
    add(Compression.NONE, put("a", "1"));
    transactional(7, put("a", "2"), put("b", "2"));
    marker(7, true);
    aborted.add(new long[] {7, 1, 3});
    transactional(7, put("b", "3"));
    marker(7, false);
    add(Compression.NONE, put("c", "1"));

    compact(next);

    assertThat(texts()).containsExactly("0 a=1", "4 b=3", "6 c=1");
    assertThat(markers()).as("of what was there when it began").containsExactly(3L, 5L);
  }

  @Test
  void aMarkerGoesWhenItHasEndedNothingForLongEnough() {
    transactional(7, put("a", "1"));
    marker(7, true);
    aborted.add(new long[] {7, 0, 1});
    transactional(8, put("b", "1"));
    marker(8, false);
    transactional(9, put("c", "1"));
    marker(9, false);
    add(Compression.NONE, put("b", "2"), put("d", "1"));
    compact(next);
    assertThat(markers()).containsExactly(1L, 3L, 5L);

    compact(next, next, 1 << 20);
    assertThat(markers()).as("seen to end nothing, for no time yet").containsExactly(1L, 3L, 5L);
    nowMs += RETENTION_MS;
    compact(next, next, 1 << 20);

    assertThat(markers()).as("c is still there").containsExactly(5L);
    assertThat(texts()).containsExactly("4 c=1", "6 b=2", "7 d=1");
  }

  @Test
  void withMoreKeysThanMemoryItTakesSeveralRounds() {
    for (int round = 0; round < 2; round++) {
      for (int key = 0; key < 2000; key++) {
        add(Compression.NONE, put("k" + key, "v" + round));
      }
    }
    long dirtyFrom = 0;
    int rounds = 0;
    while (dirtyFrom < next) {
      dirtyFrom = compact(dirtyFrom, next, 0);
      rounds++;
    }

    assertThat(rounds).isGreaterThan(4);
    assertThat(texts()).hasSize(2000).allMatch(text -> text.endsWith("v1"));
  }

  @Test
  void aKeyWhoseNewestRecordIsLostIsNoticed() {
    add(Compression.NONE, put("a", "1"));
    add(Compression.NONE, put("b", "1"));
    PartitionCompaction compaction = begin(next, 1 << 20);
    log.forEach(batch -> compaction.index(batch, 0));
    compaction.beginAgain();
    compaction.compact(log.getLast(), 0);

    assertThatThrownBy(compaction::check).isInstanceOf(IllegalStateException.class);
  }

  private void compact(long end) {
    compact(0, end, 1 << 20);
  }

  /** Returns how far it came. */
  private long compact(long dirtyFrom, long end, long keyBytesMax) {
    PartitionCompaction compaction = begin(end, keyBytesMax);
    for (ByteBuffer batch : log) {
      if (BatchHeader.baseOffset(batch, 0) >= dirtyFrom && !compaction.index(batch, 0)) {
        break;
      }
    }
    compaction.beginAgain();
    aborted.forEach(one -> compaction.addAborted(one[0], one[1], one[2]));
    List<ByteBuffer> left = new ArrayList<>();
    for (ByteBuffer batch : log) {
      if (BatchHeader.lastOffset(batch, 0) >= compaction.end()) {
        left.add(batch);
      } else {
        compaction.compact(batch, 0).ifPresent(kept -> left.add(copy(kept)));
      }
    }
    compaction.check();
    log.clear();
    log.addAll(left);
    return compaction.end();
  }

  private PartitionCompaction begin(long end, long keyBytesMax) {
    PartitionCompaction compaction =
        new PartitionCompaction(
            new KeyOffsets(new byte[] {4}, keyBytesMax), end, nowMs, RETENTION_MS);
    aborted.forEach(one -> compaction.addAborted(one[0], one[1], one[2]));
    return compaction;
  }

  private void add(Compression compression, SimpleRecord... records) {
    add(MemoryRecords.withRecords((byte) 2, 0, compression, TimestampType.CREATE_TIME, records));
  }

  private void transactional(long producerId, SimpleRecord... records) {
    add(
        MemoryRecords.withTransactionalRecords(
            0, Compression.NONE, producerId, (short) 0, 0, -1, records));
  }

  private void marker(long producerId, boolean abort) {
    add(
        MemoryRecords.withEndTransactionMarker(
            0,
            7,
            0,
            producerId,
            (short) 0,
            new EndTransactionMarker(
                abort ? ControlRecordType.ABORT : ControlRecordType.COMMIT, 3)));
  }

  private void add(MemoryRecords records) {
    ByteBuffer batch = copy(records.buffer());
    BatchHeader.assign(batch, 0, next, 2);
    next = BatchHeader.lastOffset(batch, 0) + 1;
    log.add(batch);
  }

  private static ByteBuffer copy(ByteBuffer bytes) {
    return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
  }

  private static SimpleRecord put(@Nullable String key, @Nullable String value) {
    return new SimpleRecord(7, bytes(key), bytes(value));
  }

  private static byte @Nullable [] bytes(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private List<MutableRecordBatch> batches() {
    List<MutableRecordBatch> batches = new ArrayList<>();
    for (ByteBuffer bytes : log) {
      MutableRecordBatch batch = MemoryRecords.readableRecords(bytes).batches().iterator().next();
      batch.ensureValid();
      batches.add(batch);
    }
    return batches;
  }

  private List<Record> records() {
    List<Record> records = new ArrayList<>();
    batches().stream().filter(b -> !b.isControlBatch()).forEach(b -> b.forEach(records::add));
    return records;
  }

  private List<String> texts() {
    return records().stream()
        .map(r -> r.offset() + " " + text(r.key()) + "=" + text(r.value()))
        .toList();
  }

  private List<Long> markers() {
    return batches().stream().filter(b -> b.isControlBatch()).map(b -> b.baseOffset()).toList();
  }

  private static OptionalLong horizon(ByteBuffer batch) {
    return MemoryRecords.readableRecords(batch).batches().iterator().next().deleteHorizonMs();
  }

  private static String text(@Nullable ByteBuffer bytes) {
    return bytes == null ? "null" : StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }
}
