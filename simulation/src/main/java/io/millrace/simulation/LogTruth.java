package io.millrace.simulation;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.simulation.store.StoreWatcher;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.wal.SealCodec;
import io.millrace.storage.wal.WalEntry;
import io.millrace.storage.wal.WalEntryBatch;
import io.millrace.storage.wal.WalEntryCodec;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What every write-ahead log in the store holds, whoever has deleted it since: the run of each
 * incarnation's entries from the first to the first gap or seal is the log, all else is not.
 * Offsets in it are dense and have one content (I3), one incarnation writes at one leader epoch
 * (I14, I15), and nothing outside of it is acknowledged or read (I1, I2, I4).
 */
final class LogTruth implements StoreWatcher, Ledger.Durability {
  static final String DUPLICATE_ELSEWHERE = "duplicate answered after a takeover or handover";

  private final Map<WriterId, Log> logs = new HashMap<>();
  private final Map<PartitionId, TreeMap<Long, Stored>> contents = new HashMap<>();
  private final Map<Term, WriterId> terms = new HashMap<>();
  private final Set<Content> adopted = new HashSet<>();
  private final Coverage coverage;

  LogTruth(Coverage coverage) {
    this.coverage = coverage;
  }

  /** A batch in a log. */
  private record Stored(
      PartitionId partition,
      long baseOffset,
      long lastOffset,
      int crc,
      WriterId writer,
      long sequence,
      int leaderEpoch,
      ByteBuffer bytes) {
    @Override
    public String toString() {
      return "[%d, %d], crc %08x, entry %d of %s, epoch %d"
          .formatted(baseOffset, lastOffset, crc, sequence, writer, leaderEpoch);
    }
  }

  private record Content(PartitionId partition, int crc, WriterId writer) {}

  private record Term(PartitionId partition, int leaderEpoch) {}

  /** One incarnation's. */
  private static final class Log {
    private final TreeMap<Long, List<Stored>> beyondGap = new TreeMap<>();
    private final Set<Long> seals = new HashSet<>();
    private final Map<Long, Integer> hashes = new HashMap<>();
    private long next;
  }

  @Override
  public void onStored(String by, String key, byte[] body) {
    if (key.startsWith(Keys.WAL)) {
      WriterId writer = Keys.writer(key);
      long sequence = Keys.number(key);
      Log log = logs.computeIfAbsent(writer, _ -> new Log());
      ByteBuffer bytes = ByteBuffer.wrap(body);
      if (sequence < log.next || log.beyondGap.containsKey(sequence)) {
        coverage.count("WAL entry put again after it was collected", 1);
        if (!SealCodec.isSeal(bytes, writer, sequence)
            && !Objects.equals(log.hashes.get(sequence), Arrays.hashCode(body))) {
          throw new Violation("I4/I5: %s is put again with other bytes".formatted(key));
        }
        return;
      }
      if (WalEntryCodec.decode(bytes, 0, bytes.limit(), writer)
          instanceof WalEntryCodec.Decoded.Whole(WalEntry entry)) {
        if (log.seals.contains(sequence)) {
          if (sequence == log.next) {
            throw new Violation("I8: the seal that ends a log is gone, an entry lies at " + key);
          }
          return;
        }
        log.hashes.put(sequence, Arrays.hashCode(body));
        onEntry(log, writer, sequence, entry, bytes);
      } else {
        coverage.count("seal", 1);
        log.seals.add(sequence);
      }
    }
  }

  @Override
  public void onExists(String by, String key, byte[] body) {
    if (key.startsWith(Keys.WAL)) {
      Log log = logs.get(Keys.writer(key));
      ByteBuffer bytes = ByteBuffer.wrap(body);
      boolean entry =
          WalEntryCodec.decode(bytes, 0, bytes.limit(), Keys.writer(key))
              instanceof WalEntryCodec.Decoded.Whole;
      if (log != null && entry && log.seals.contains(Keys.number(key))) {
        coverage.count("seal met by a writer", 1);
      }
    }
  }

  private void onEntry(Log log, WriterId writer, long sequence, WalEntry entry, ByteBuffer bytes) {
    if (entry.sequence() != sequence) {
      throw new Violation(
          "I3: entry %d of %s lies at %d".formatted(entry.sequence(), writer, sequence));
    }
    for (WalEntryBatch batch : entry.batches()) {
      Term term = new Term(batch.partition(), batch.leaderEpoch());
      WriterId other = terms.putIfAbsent(term, writer);
      if (other != null && !other.equals(writer)) {
        throw new Violation("I14/I15: %s and %s both wrote to %s".formatted(other, writer, term));
      }
    }
    log.beyondGap.put(
        sequence, entry.batches().stream().map(b -> stored(writer, sequence, b, bytes)).toList());
    List<Stored> next;
    while ((next = log.beyondGap.remove(log.next)) != null) {
      next.forEach(this::adopt);
      log.next++;
    }
  }

  private static Stored stored(
      WriterId writer, long sequence, WalEntryBatch batch, ByteBuffer bytes) {
    int at = batch.position();
    long last = batch.baseOffset() + BatchHeader.lastOffsetDelta(bytes, at);
    return new Stored(
        batch.partition(),
        batch.baseOffset(),
        last,
        BatchHeader.crc(bytes, at),
        writer,
        sequence,
        batch.leaderEpoch(),
        bytes.slice(at, BatchHeader.sizeBytes(bytes, at)));
  }

  private void adopt(Stored batch) {
    PartitionId partition = batch.partition();
    TreeMap<Long, Stored> content = contents.computeIfAbsent(partition, _ -> new TreeMap<>());
    long end = end(partition);
    if (batch.baseOffset() != end) {
      throw new Violation(
          "I3/A2: %s of %s comes where %d is due; there is %s"
              .formatted(batch, partition, end, content.floorEntry(batch.baseOffset())));
    }
    content.put(batch.baseOffset(), batch);
    adopted.add(new Content(partition, batch.crc(), batch.writer()));
  }

  @Override
  public long endOfEpoch(PartitionId partition, int leaderEpoch) {
    TreeMap<Long, Stored> content = contents.getOrDefault(partition, new TreeMap<>());
    return content.values().stream()
        .filter(batch -> batch.leaderEpoch() > leaderEpoch)
        .mapToLong(Stored::baseOffset)
        .findFirst()
        .orElseGet(() -> end(partition));
  }

  /** One past the last offset in any log. */
  long end(PartitionId partition) {
    TreeMap<Long, Stored> content = contents.get(partition);
    return content == null || content.isEmpty()
        ? 0
        : content.lastEntry().getValue().lastOffset() + 1;
  }

  /** All batches in any log, in offset order. */
  List<ByteBuffer> batches(PartitionId partition) {
    return contents.getOrDefault(partition, new TreeMap<>()).values().stream()
        .map(Stored::bytes)
        .toList();
  }

  /** The last batch in any log, for a person. */
  String last(PartitionId partition) {
    TreeMap<Long, Stored> content = contents.get(partition);
    return content == null || content.isEmpty() ? "nothing" : content.lastEntry().toString();
  }

  /** Entries in an incarnation's log. */
  long entries(WriterId writer) {
    Log log = logs.get(writer);
    return log == null ? 0 : log.next;
  }

  @Override
  public void check(PartitionId id, RecordedBatch batch, String how, WriterId by) {
    TreeMap<Long, Stored> content = contents.get(id);
    @Nullable Stored found = content == null ? null : content.get(batch.baseOffset());
    if (found == null || found.crc() != batch.crc() || found.lastOffset() != batch.lastOffset()) {
      throw new Violation(
          "I1/I2/I4: %s of %s is %s by %s, in the log is %s"
              .formatted(batch, id, how, by, found == null ? "nothing" : found));
    }
    if (how.equals(ACKNOWLEDGED) && !found.writer().equals(by)) {
      coverage.count(DUPLICATE_ELSEWHERE, 1);
    }
  }

  @Override
  public void checkAbsent(PartitionId id, RecordedBatch batch, WriterId writer) {
    if (adopted.contains(new Content(id, batch.crc(), writer))) {
      throw new Violation(
          "I5: %s said that %s of %s is not written, and its log holds it"
              .formatted(writer, batch.name(), id));
    }
  }

  @Override
  public void checkEnd(PartitionId id, long end, String how, WriterId by) {
    if (end > end(id)) {
      throw new Violation(
          "I2: %s of %s told end %d of %s, its log ends at %d"
              .formatted(how, by, end, id, end(id)));
    }
  }
}
