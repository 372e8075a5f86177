package io.millrace.storage.recovery;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.NewerVersionException;
import io.millrace.storage.wal.WalEntry;
import io.millrace.storage.wal.WalEntryBatch;
import io.millrace.storage.wal.WalEntryCodec;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import io.millrace.storage.wal.WalEntryReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.StringJoiner;

/**
 * Reads the unpublished files of an ended incarnation once: the run of entries from trim + 1 to the
 * first gap. Says whether the gap is where the log ends or damage to what was durable. Owned by one
 * thread; changes nothing.
 */
final class LogScan {
  private static final int NAMED_MAX = 20;

  private final Disk disk;
  private final WriterId writer;
  private final SortedMap<Long, Path> files;
  private final DenseOffsets offsets = new DenseOffsets();
  private final List<AdoptedFile> adopted = new ArrayList<>();
  private List<WalEntryBatch> lastBatches = List.of();
  private long endSequence;
  private long durableSequence;

  /** {@code files} are those above the last published, by counter. */
  LogScan(Disk disk, WriterId writer, long trim, SortedMap<Long, Path> files) {
    this.disk = disk;
    this.writer = writer;
    this.files = files;
    this.endSequence = trim;
    this.durableSequence = trim;
  }

  /** Files that hold a part of the log, in order. */
  List<AdoptedFile> adopted() {
    return adopted;
  }

  long endSequence() {
    return endSequence;
  }

  /**
   * @throws WalCorruptException if an entry that was durable is damaged
   * @throws NewerVersionException if an entry is of a format this program does not know
   */
  void run() throws IOException {
    Path gapFile = null;
    long gapPosition = 0;
    String gapReason = "";
    for (Map.Entry<Long, Path> each : files.entrySet()) {
      Path path = each.getValue();
      try (DiskFile file = disk.open(path, Mode.READ)) {
        WalEntryReader reader = new WalEntryReader(file, writer);
        if (gapFile == null || isNext(reader.read(0))) {
          Decoded end = readRun(reader, each.getKey(), path);
          gapFile = path;
          gapPosition = adoptedEnd(path);
          gapReason = reason(end);
        } else {
          break;
        }
      }
    }
    if (gapFile != null) {
      searchBehind(gapFile, gapPosition, gapReason);
    }
    adopted.forEach(file -> file.confirm(durableSequence));
  }

  private boolean isNext(Decoded decoded) {
    return (decoded instanceof Decoded.Whole(WalEntry entry) && entry.sequence() == endSequence + 1)
        || decoded instanceof Decoded.Newer;
  }

  private long adoptedEnd(Path path) {
    return adopted.isEmpty() || !adopted.getLast().path.equals(path)
        ? 0
        : adopted.getLast().endPosition;
  }

  /** Adopts entries from the start of the file; returns what stands where they end. */
  private Decoded readRun(WalEntryReader reader, long counter, Path path) throws IOException {
    AdoptedFile file = new AdoptedFile(counter, path);
    Decoded decoded = reader.read(0);
    while (isNext(decoded)) {
      switch (decoded) {
        case Decoded.Whole(WalEntry entry) -> {
          if (file.endPosition == 0) {
            adopted.add(file);
          }
          adopt(file, entry, reader);
        }
        case Decoded.Newer(int version) ->
            throw new NewerVersionException(
                "%s was written by a newer version of Millrace (WAL format %d); start that version or a later one"
                    .formatted(path, version));
        case Decoded.Invalid _ ->
            throw new IllegalStateException("an invalid entry is no next one");
      }
      decoded = reader.read(file.endPosition);
    }
    return decoded;
  }

  private void adopt(AdoptedFile file, WalEntry entry, WalEntryReader reader) {
    long position = file.endPosition;
    for (WalEntryBatch batch : entry.batches()) {
      int at = reader.at(position) + batch.position();
      offsets.check(file.path, batch, BatchHeader.lastOffset(reader.bytes(), at) + 1);
      file.footer.add(batch.partition(), reader.bytes(), at, position + batch.position());
    }
    endSequence = entry.sequence();
    durableSequence = Math.max(durableSequence, entry.durableSequence());
    file.unconfirmed.addLast(new AdoptedFile.Place(entry.sequence(), position));
    file.confirm(durableSequence);
    file.endPosition = position + WalEntryCodec.aligned(entry.bytes());
    if (!entry.isMark()) {
      lastBatches = entry.batches();
    }
  }

  private static String reason(Decoded decoded) {
    return switch (decoded) {
      case Decoded.Invalid(String why) -> why;
      case Decoded.Whole(WalEntry entry) -> "it has sequence number " + entry.sequence();
      case Decoded.Newer(int version) -> "it has format version " + version;
    };
  }

  /**
   * A later entry that says the missing one was durable makes the gap damage; without one it is
   * where the log ends.
   */
  private void searchBehind(Path gapFile, long gapPosition, String gapReason) throws IOException {
    boolean behind = false;
    for (Path path : files.values()) {
      behind |= path.equals(gapFile);
      if (!behind) {
        continue;
      }
      try (DiskFile file = disk.open(path, Mode.READ)) {
        WalEntryReader reader = new WalEntryReader(file, writer);
        long from = path.equals(gapFile) ? gapPosition : 0;
        for (long position = from;
            position < reader.sizeBytes();
            position += WalEntryCodec.ALIGNMENT) {
          if (reader.mayBegin(position)
              && reader.read(position) instanceof Decoded.Whole(WalEntry entry)
              && entry.sequence() > endSequence + 1
              && entry.durableSequence() > endSequence) {
            throw damaged(gapFile, gapPosition, gapReason, path, position, entry);
          }
        }
      }
    }
  }

  private WalCorruptException damaged(
      Path gapFile,
      long gapPosition,
      String gapReason,
      Path laterFile,
      long laterPosition,
      WalEntry later)
      throws IOException {
    List<WalEntryBatch> lost;
    try (DiskFile file = disk.open(gapFile, Mode.READ)) {
      lost = new WalEntryReader(file, writer).suspected(gapPosition);
    }
    String what =
        lost.isEmpty()
            ? "before it %s were written, after it %s"
                .formatted(names(lastBatches), names(later.batches()))
            : "its index, if that is not damaged too, names " + names(lost);
    return new WalCorruptException(
        "%s is damaged: the entry %d at position %d was durable (entry %d at position %d of %s says so) and is not whole: %s; %s."
            .formatted(
                gapFile,
                endSequence + 1,
                gapPosition,
                later.sequence(),
                laterPosition,
                laterFile,
                gapReason,
                what),
        new WalCorruptException.Place(gapFile, gapPosition));
  }

  /** Partitions and offsets, for messages. */
  static String names(List<WalEntryBatch> batches) {
    StringJoiner names = new StringJoiner(", ");
    for (WalEntryBatch batch : batches.subList(0, Math.min(batches.size(), NAMED_MAX))) {
      names.add("partition %s offset %d".formatted(batch.partition(), batch.baseOffset()));
    }
    return batches.isEmpty() ? "no batches" : names + (batches.size() > NAMED_MAX ? ", ..." : "");
  }
}
