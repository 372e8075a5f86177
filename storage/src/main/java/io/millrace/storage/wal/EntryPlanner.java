package io.millrace.storage.wal;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the batches of the next entry and begins the next file when the current one has no room.
 * Owned by the WAL's loop.
 */
final class EntryPlanner {
  private final FileWalSettings settings;
  private final WaitingBatches waiting;
  private final EntryWriter entries;
  private final SpareFiles spares;
  private final SpareMaker maker;
  private final Sealer sealer;

  /** Completes the current file, if there is one. */
  @FunctionalInterface
  interface Sealer {
    void seal() throws IOException;
  }

  EntryPlanner(
      FileWalSettings settings,
      WaitingBatches waiting,
      EntryWriter entries,
      SpareFiles spares,
      SpareMaker maker,
      Sealer sealer) {
    this.settings = settings;
    this.waiting = waiting;
    this.entries = entries;
    this.spares = spares;
    this.maker = maker;
    this.sealer = sealer;
  }

  /**
   * Batches for which the current file has room; empty if there are none or a spare must come
   * first.
   */
  List<WalBatch> next() throws IOException {
    WalBatch first = waiting.first();
    if (first == null) {
      return List.of();
    }
    long bytesMin = WalFile.sizeFor(1, first.bytes().remaining()) + settings.reserveBytes();
    long keptBytes = spares.has(bytesMin) ? 0 : settings.reserveBytes();
    List<WalBatch> batches = takeFor(entries.file(), keptBytes);
    if (!batches.isEmpty()) {
      return batches;
    }
    if (beginFile(bytesMin)) {
      return takeFor(entries.file(), settings.reserveBytes());
    }
    maker.want(Math.max(bytesMin, settings.fileBytes(entries.nextCounter())), true);
    WalFile file = entries.file();
    return maker.failure() == null || file == null
        ? List.of()
        : waiting.takeReserved((n, bytes, _) -> fits(file, n, bytes, 0));
  }

  private boolean beginFile(long bytesMin) throws IOException {
    if (!entries.nameNext(bytesMin, settings.fileBytes(entries.nextCounter()))) {
      return false;
    }
    sealer.seal();
    entries.open();
    return true;
  }

  private List<WalBatch> takeFor(@Nullable WalFile file, long keptBytes) {
    return file == null
        ? List.of()
        : waiting.take((n, bytes, reserved) -> fits(file, n, bytes, reserved ? 0 : keptBytes));
  }

  private boolean fits(WalFile file, int batches, long payloadBytes, long keptBytes) {
    return (batches == 1 || payloadBytes <= settings.entryBytesMax())
        && file.fits(batches, payloadBytes, keptBytes);
  }
}
