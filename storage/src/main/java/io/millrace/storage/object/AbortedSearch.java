package io.millrace.storage.object;

import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Goes through a partition's footers in offset order for aborted transactions with batches in a
 * range. Only a producer with an open transaction at the end of a footer in the range makes it go
 * on above the range, until that producer's marker or the end of the markers it looks for.
 */
final class AbortedSearch {
  private final long from;
  private final long to;
  private final long markersEnd;
  private final List<AbortedTransaction> found = new ArrayList<>();
  private final TreeMap<Long, Long> open = new TreeMap<>();

  /**
   * @param markersEnd markers at or above it are not asked for
   */
  AbortedSearch(long from, long to, long markersEnd) {
    this.from = from;
    this.to = to;
    this.markersEnd = markersEnd;
  }

  /** Whether a footer that begins at {@code offset} or above may say more. */
  boolean wants(long offset) {
    return offset < markersEnd && (offset < to || !open.isEmpty());
  }

  void add(PartitionFooter footer) {
    for (AbortedTransaction aborted : footer.abortedTransactions()) {
      // the producer's first marker in the object ends what was open before it
      boolean mayHaveBegunBefore = aborted.firstOffset() == footer.baseOffset();
      Long before = mayHaveBegunBefore ? open.get(aborted.producerId()) : null;
      long first = before == null ? aborted.firstOffset() : before;
      if (first < to && aborted.lastOffset() >= from && aborted.lastOffset() < markersEnd) {
        found.add(new AbortedTransaction(aborted.producerId(), first, aborted.lastOffset()));
      }
    }
    for (ProducerSnapshot producer : footer.producers()) {
      boolean marker = producer.coordinatorEpoch() >= 0;
      long first = producer.transactionFirstOffset();
      if (marker) {
        open.remove(producer.producerId());
      }
      if (first >= 0 && first < to) {
        open.putIfAbsent(producer.producerId(), first);
      }
    }
  }

  List<AbortedTransaction> found() {
    return List.copyOf(found);
  }
}
