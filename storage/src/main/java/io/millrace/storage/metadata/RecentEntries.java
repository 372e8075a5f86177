package io.millrace.storage.metadata;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes of the last entries that were applied, next to each other, for brokers that are a little
 * behind. Owned by the metadata loop.
 */
final class RecentEntries {
  private static final int KEPT_BYTES_MAX = 4 << 20;

  private final ArrayDeque<StoredEntry> kept = new ArrayDeque<>();
  private int keptBytes;

  void add(StoredEntry entry) {
    if (!kept.isEmpty() && kept.getLast().entry().number() + 1 != entry.entry().number()) {
      kept.clear();
      keptBytes = 0;
    }
    kept.add(entry);
    keptBytes += entry.bytes().capacity();
    while (keptBytes > KEPT_BYTES_MAX) {
      keptBytes -= kept.removeFirst().bytes().capacity();
    }
  }

  /** All after the entry number; none if the next one is not at hand. */
  List<byte[]> after(long entryNumber) {
    if (kept.isEmpty() || kept.getFirst().entry().number() > entryNumber + 1) {
      return List.of();
    }
    List<byte[]> after = new ArrayList<>();
    for (StoredEntry entry : kept) {
      if (entry.entry().number() > entryNumber) {
        after.add(entry.bytes().array());
      }
    }
    return after;
  }
}
