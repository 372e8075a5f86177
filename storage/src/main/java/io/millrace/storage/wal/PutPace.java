package io.millrace.storage.wal;

import java.util.ArrayDeque;

/**
 * Decides when the next entry is put: at once if no put is in flight and a token is there, else
 * when enough bytes wait or the first of them has waited for the latency budget. A token comes per
 * budget, so a broker with little to do makes about one put per budget and an idle one none. Owned
 * by the WAL's loop.
 */
final class PutPace {
  static final long NEVER = Long.MAX_VALUE;

  private final ObjectWalSettings settings;
  private final ArrayDeque<Arrival> arrivals = new ArrayDeque<>();
  private long waitingBytes;
  private boolean urgent;

  /** When all tokens will be there again. */
  private long fullAtNs;

  /** Batches that came at a time and still wait. */
  private record Arrival(long timeNs, int batches) {}

  PutPace(ObjectWalSettings settings, long nowNs) {
    this.settings = settings;
    this.fullAtNs = nowNs;
  }

  void onArrival(long nowNs, int batches, long bytes) {
    if (batches > 0) {
      arrivals.addLast(new Arrival(nowNs, batches));
      waitingBytes += bytes;
    }
  }

  /** From now on whatever waits goes at once. */
  void onStop() {
    urgent = true;
  }

  /** The first of those that wait go into an entry. */
  void onPut(long nowNs, int batches, long bytes) {
    waitingBytes -= bytes;
    int left = batches;
    while (left > 0) {
      Arrival first = arrivals.removeFirst();
      if (first.batches() > left) {
        arrivals.addFirst(new Arrival(first.timeNs(), first.batches() - left));
      }
      left -= Math.min(left, first.batches());
    }
    long emptyNs = nowNs + settings.burst() * settings.latencyBudgetNs();
    fullAtNs = Math.min(emptyNs, Math.max(nowNs, fullAtNs) + settings.latencyBudgetNs());
  }

  /**
   * The time from which on the next entry may be put if nothing else arrives; {@link #NEVER} if
   * nothing waits.
   *
   * @param idle no put is in flight
   */
  long dueNs(long nowNs, boolean idle) {
    Arrival first = arrivals.peekFirst();
    if (first == null) {
      return NEVER;
    }
    if (urgent || waitingBytes >= settings.entryBytesMax()) {
      return nowNs;
    }
    long budgetNs = first.timeNs() + settings.latencyBudgetNs();
    long tokenNs = fullAtNs - (settings.burst() - 1) * settings.latencyBudgetNs();
    return idle ? Math.min(budgetNs, tokenNs) : budgetNs;
  }
}
