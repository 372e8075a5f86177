package io.millrace.storage.wal;

import io.millrace.storage.PartitionId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Batches that wait to be written, in the order they were handed over. A partition's batches never
 * overtake each other. Owned by the WAL's loop.
 */
final class WaitingBatches {
  private final ArrayDeque<WalBatch> queue = new ArrayDeque<>();

  void add(WalBatch batch) {
    queue.addLast(batch);
  }

  @Nullable WalBatch first() {
    return queue.peekFirst();
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  /** Removes and returns the next one; null if there is none. */
  @Nullable WalBatch poll() {
    return queue.pollFirst();
  }

  /** Decides whether one more batch may go into the entry. */
  interface Limit {
    boolean fits(int batches, long payloadBytes, boolean mayUseReserve);
  }

  /** Takes from the front as many as fit, grouped by partition, each partition's in order. */
  List<WalBatch> take(Limit limit) {
    List<WalBatch> taken = new ArrayList<>();
    long bytes = 0;
    WalBatch next;
    while ((next = queue.peekFirst()) != null) {
      bytes += next.bytes().remaining();
      if (!limit.fits(taken.size() + 1, bytes, next.mayUseReserve())) {
        break;
      }
      taken.add(next);
      queue.removeFirst();
    }
    return grouped(taken);
  }

  /** Takes those that may use the reserve, as many as fit, past others that must wait. */
  List<WalBatch> takeReserved(Limit limit) {
    List<WalBatch> taken = new ArrayList<>();
    Set<PartitionId> held = new HashSet<>();
    long bytes = 0;
    for (Iterator<WalBatch> all = queue.iterator(); all.hasNext(); ) {
      WalBatch next = all.next();
      long with = bytes + next.bytes().remaining();
      boolean first = next.mayUseReserve() && !held.contains(next.partition());
      if (first && limit.fits(taken.size() + 1, with, true)) {
        taken.add(next);
        bytes = with;
        all.remove();
      } else {
        held.add(next.partition());
      }
    }
    return grouped(taken);
  }

  private static List<WalBatch> grouped(List<WalBatch> batches) {
    batches.sort(Comparator.comparing(WalBatch::partition));
    return batches;
  }
}
