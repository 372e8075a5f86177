package io.millrace.storage.log;

import io.millrace.storage.log.PartitionLog.EpochEnd;
import io.millrace.storage.object.Footer.EpochStart;
import java.util.ArrayList;
import java.util.List;

/**
 * Which leader epoch began at which offset; immutable, since a partition that is open has one
 * leader epoch.
 */
final class EpochHistory {
  private static final EpochEnd UNKNOWN = new EpochEnd(-1, -1);

  private final List<EpochStart> starts;

  /**
   * @param earlier epochs of the records there are, ascending
   * @param current the epoch that leads now
   * @param end where it begins
   */
  EpochHistory(List<EpochStart> earlier, int current, long end) {
    List<EpochStart> all = new ArrayList<>(earlier);
    if (all.isEmpty() || all.getLast().leaderEpoch() < current) {
      all.add(new EpochStart(current, end));
    }
    this.starts = List.copyOf(all);
  }

  /** Epoch that wrote {@code offset}; -1 if it is below all that is known. */
  int at(long offset) {
    for (int i = starts.size() - 1; i >= 0; i--) {
      if (starts.get(i).startOffset() <= offset) {
        return starts.get(i).leaderEpoch();
      }
    }
    return -1;
  }

  /** Kafka's rule: the largest epoch not above the asked one and where the next begins. */
  EpochEnd end(int leaderEpoch, long highWatermark) {
    if (leaderEpoch < 0 || leaderEpoch > starts.getLast().leaderEpoch()) {
      return UNKNOWN;
    }
    int floor = starts.size() - 1;
    while (floor >= 0 && starts.get(floor).leaderEpoch() > leaderEpoch) {
      floor--;
    }
    if (floor < 0) {
      return new EpochEnd(leaderEpoch, starts.getFirst().startOffset());
    }
    long end = floor + 1 < starts.size() ? starts.get(floor + 1).startOffset() : highWatermark;
    return new EpochEnd(starts.get(floor).leaderEpoch(), end);
  }
}
