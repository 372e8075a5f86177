package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.AbortedTransaction;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;

/**
 * A partition with keyed records, tombstones and transactions, and what may be read of it once it
 * was compacted (E8): nothing but what was written, where it was written; of each key the newest
 * committed record, or nothing at all if that is a tombstone; whatever was aborted is said to be.
 */
final class KeyedLog {
  private static final int PRODUCERS = 3;
  private static final long PLAIN = -1;

  final PartitionId id;
  private final SplittableRandom random;
  private final int keys;
  private final TreeMap<Long, Written> written = new TreeMap<>();
  private final Map<Long, List<Written>> open = new HashMap<>();
  private int sequence;
  private long next;

  KeyedLog(PartitionId id, SplittableRandom random, int keys) {
    this.id = id;
    this.random = random;
    this.keys = keys;
  }

  private enum Fate {
    OPEN,
    COMMITTED,
    ABORTED
  }

  /** A record. */
  private static final class Written {
    private final String key;
    private final @Nullable String value;
    private final long producer;
    private Fate fate;

    Written(String key, @Nullable String value, long producer) {
      this.key = key;
      this.value = value;
      this.producer = producer;
      this.fate = producer < 0 ? Fate.COMMITTED : Fate.OPEN;
    }
  }

  long end() {
    return next;
  }

  /** The next batch: records, or the end of a transaction. */
  ByteBuffer batch() {
    long producer = random.nextInt(3) == 0 ? random.nextInt(PRODUCERS) : PLAIN;
    return producer >= 0 && open.containsKey(producer) && random.nextInt(2) == 0
        ? endTransaction(producer)
        : data(producer);
  }

  /** Markers for all transactions that are open. */
  List<ByteBuffer> endAll() {
    List<ByteBuffer> markers = new ArrayList<>();
    List.copyOf(open.keySet()).forEach(producer -> markers.add(endTransaction(producer)));
    return markers;
  }

  private ByteBuffer endTransaction(long producer) {
    boolean abort = random.nextBoolean();
    Objects.requireNonNull(open.remove(producer))
        .forEach(record -> record.fate = abort ? Fate.ABORTED : Fate.COMMITTED);
    return taken(SampleBatches.marker(next, producer, 0, abort, 1));
  }

  private ByteBuffer data(long producer) {
    SimpleRecord[] records = new SimpleRecord[1 + random.nextInt(4)];
    for (int i = 0; i < records.length; i++) {
      String key = "k" + random.nextInt(random.nextInt(keys) + 1);
      String value = random.nextInt(6) == 0 ? null : "v" + (next + i);
      Written record = new Written(key, value, producer);
      written.put(next + i, record);
      if (producer >= 0) {
        open.computeIfAbsent(producer, _ -> new ArrayList<>()).add(record);
      }
      records[i] = new SimpleRecord(next + i, bytes(key), bytes(value));
    }
    Compression compression = random.nextInt(3) == 0 ? Compression.lz4().build() : Compression.NONE;
    ByteBuffer batch =
        SampleBatches.of(next, compression, producer, producer >= 0, sequence, records);
    sequence += records.length;
    return taken(batch);
  }

  private ByteBuffer taken(ByteBuffer batch) {
    next = SampleBatches.end(batch);
    return batch;
  }

  private static byte @Nullable [] bytes(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads everything.
   *
   * @return how many records there are
   */
  int check(ObjectWorld world) {
    Map<Long, Written> found = read(world);
    List<AbortedTransaction> aborted =
        world.await(world.broker.reader.abortedTransactions(id, 0, next, next));
    Map<String, Long> newest = new HashMap<>();
    written.forEach((offset, record) -> {
      if (record.fate == Fate.COMMITTED) {
        newest.put(record.key, offset);
      }
    });
    found.forEach((offset, record) -> {
      if (record.fate != Fate.OPEN) {
        assertThat(isAborted(aborted, record, offset))
            .as("offset %d of %s, which was %s", offset, id, record.fate)
            .isEqualTo(record.fate == Fate.ABORTED);
      }
    });
    newest.forEach((key, offset) -> {
      boolean tombstone = Objects.requireNonNull(written.get(offset)).value == null;
      if (!found.containsKey(offset)) {
        assertThat(tombstone).as("%s at offset %d is gone", key, offset).isTrue();
        assertThat(found.values())
            .as("%s was deleted", key)
            .noneMatch(other -> other.key.equals(key) && other.fate == Fate.COMMITTED);
      }
    });
    return found.size();
  }

  /** Keys with a value, and tombstones. */
  int newest(boolean tombstones) {
    Map<String, Written> newest = new HashMap<>();
    written.values().stream()
        .filter(record -> record.fate == Fate.COMMITTED)
        .forEach(record -> newest.put(record.key, record));
    return (int) newest.values().stream().filter(r -> tombstones || r.value != null).count();
  }

  private Map<Long, Written> read(ObjectWorld world) {
    Map<Long, Written> found = new TreeMap<>();
    long offset = 0;
    while (offset < next) {
      ObjectReader.Lent lent =
          world.await(
              world.broker.reader.read(id, offset, Long.MAX_VALUE, 1 + random.nextInt(3000), true));
      assertThat(lent.endOffset()).as("%s from %d", id, offset).isGreaterThan(offset);
      for (MutableRecordBatch batch :
          MemoryRecords.readableRecords(lent.bytes().slice()).batches()) {
        batch.ensureValid();
        if (!batch.isControlBatch()) {
          batch.forEach(record -> found.put(record.offset(), same(batch.producerId(), record)));
        }
      }
      offset = lent.endOffset();
      lent.release().run();
    }
    return found;
  }

  private Written same(long producer, Record record) {
    Written as = Objects.requireNonNull(written.get(record.offset()), "was never written");
    assertThat(text(record.key())).isEqualTo(as.key);
    assertThat(text(record.value())).isEqualTo(as.value);
    assertThat(record.timestamp()).isEqualTo(record.offset());
    assertThat(producer).isEqualTo(as.producer);
    return as;
  }

  private static boolean isAborted(List<AbortedTransaction> aborted, Written record, long offset) {
    return aborted.stream()
        .anyMatch(one ->
            one.producerId() == record.producer
                && one.firstOffset() <= offset
                && offset < one.lastOffset());
  }

  private static @Nullable String text(@Nullable ByteBuffer bytes) {
    return bytes == null ? null : StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }
}
