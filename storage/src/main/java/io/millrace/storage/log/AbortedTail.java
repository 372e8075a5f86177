package io.millrace.storage.log;

import io.millrace.storage.object.Footer.AbortedTransaction;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The transactions that durable markers of the tail aborted; objects know of the others. No larger
 * than the tail, for what falls out of that is forgotten. Any thread may call.
 */
final class AbortedTail {
  private final TreeMap<Long, Aborted> byMarker = new TreeMap<>();
  private long knownFrom;

  /**
   * @param laterFrom no transaction that ends behind this one begins below it
   */
  private record Aborted(AbortedTransaction transaction, long laterFrom) {}

  /** Every transaction that a marker at or above {@code from} aborted, of those asked for. */
  record Known(long from, List<AbortedTransaction> transactions) {}

  /**
   * @param knownFrom of markers from here on it will be told
   */
  AbortedTail(long knownFrom) {
    this.knownFrom = knownFrom;
  }

  synchronized void add(AbortedTransaction transaction, long laterFrom) {
    byMarker.put(transaction.lastOffset(), new Aborted(transaction, laterFrom));
  }

  /** Objects hold the markers below {@code offset}. */
  synchronized void forgetBelow(long offset) {
    if (offset > knownFrom) {
      knownFrom = offset;
      byMarker.headMap(offset).clear();
    }
  }

  /** Those with offsets in [{@code from}, {@code to}), in order of their markers. */
  synchronized Known within(long from, long to) {
    List<AbortedTransaction> found = new ArrayList<>();
    for (Aborted aborted : byMarker.tailMap(from).values()) {
      if (aborted.transaction().firstOffset() < to) {
        found.add(aborted.transaction());
      }
      if (aborted.laterFrom() >= to) {
        break;
      }
    }
    return new Known(knownFrom, found);
  }

  synchronized int size() {
    return byMarker.size();
  }
}
