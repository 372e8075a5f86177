package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.EpochStart;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.util.ArrayList;
import java.util.List;
import org.pcollections.TreePMap;

/**
 * A partition as of its published end: epoch history and full producer state. Immutable; each
 * published footer folds into the next. Opening a partition and writing checkpoints share this one
 * fold. Times are monotonic milliseconds of this process; what is stored are ages, so that time a
 * partition had no leader counts nothing.
 */
public final class PartitionSummary {
  private final PartitionId partition;
  private final long end;
  private final List<EpochStart> epochs;
  private final TreePMap<Long, Timed> producers;

  private PartitionSummary(
      PartitionId partition, long end, List<EpochStart> epochs, TreePMap<Long, Timed> producers) {
    this.partition = partition;
    this.end = end;
    this.epochs = epochs;
    this.producers = producers;
  }

  /**
   * State with the times it was touched and its open transaction began; ages inside {@code state}
   * are meaningless.
   */
  private record Timed(ProducerSnapshot state, long touchedMs, long transactionBeganMs) {}

  /** A partition of which nothing is published. */
  public static PartitionSummary empty(PartitionId partition) {
    return new PartitionSummary(partition, 0, List.of(), TreePMap.empty());
  }

  public static PartitionSummary of(PartitionCheckpoint checkpoint, long nowMs) {
    TreePMap<Long, Timed> producers = TreePMap.empty();
    for (ProducerSnapshot p : checkpoint.producers()) {
      Timed timed = new Timed(p, nowMs - p.idleAgeMs(), nowMs - p.transactionAgeMs());
      producers = producers.plus(p.producerId(), timed);
    }
    return new PartitionSummary(
        checkpoint.partition(), checkpoint.end(), checkpoint.epochs(), producers);
  }

  public PartitionId partition() {
    return partition;
  }

  /** Everything below is published; one past the last offset. */
  public long end() {
    return end;
  }

  /** Leader epochs with their first offsets, ascending. */
  public List<EpochStart> epochs() {
    return epochs;
  }

  /** Full producer state, by producer id, ages as of {@code nowMs}. */
  public List<ProducerSnapshot> producers(long nowMs) {
    return producers.values().stream().map(p -> aged(p, nowMs)).toList();
  }

  public PartitionCheckpoint checkpoint(long nowMs) {
    return new PartitionCheckpoint(partition, end, epochs, producers(nowMs));
  }

  /**
   * Adds what an object holds. The footer may begin below the end (a merged object may reach across
   * a checkpoint), and is then added for what it holds above; it must end above.
   */
  public PartitionSummary fold(PartitionFooter footer, long nowMs) {
    if (!footer.partition().equals(partition) || footer.endOffset() <= end) {
      throw new IllegalArgumentException(
          "footer of %s up to %d does not continue %s from %d"
              .formatted(footer.partition(), footer.endOffset(), partition, end));
    }
    List<EpochStart> folded = new ArrayList<>(epochs);
    for (EpochStart next : footer.epochs()) {
      if (folded.isEmpty() || next.leaderEpoch() > folded.getLast().leaderEpoch()) {
        folded.add(next);
      }
    }
    TreePMap<Long, Timed> all = producers;
    for (ProducerSnapshot next : footer.producers()) {
      Timed before = producers.get(next.producerId());
      all =
          all.plus(
              next.producerId(),
              before == null ? new Timed(next, nowMs, nowMs) : fold(before, next, nowMs));
    }
    return new PartitionSummary(partition, footer.endOffset(), List.copyOf(folded), all);
  }

  /**
   * Without producers that wrote nothing for longer than {@code idleMsMax} and have no open
   * transaction.
   */
  public PartitionSummary withoutIdle(long nowMs, long idleMsMax) {
    TreePMap<Long, Timed> kept = producers;
    for (Timed p : producers.values()) {
      if (p.state().transactionFirstOffset() < 0 && nowMs - p.touchedMs() > idleMsMax) {
        kept = kept.minus(p.state().producerId());
      }
    }
    return new PartitionSummary(partition, end, epochs, kept);
  }

  /** Without the epochs that end at or below {@code logStart}. */
  public PartitionSummary withoutEpochsBelow(long logStart) {
    int first = 0;
    while (first + 1 < epochs.size() && epochs.get(first + 1).startOffset() <= logStart) {
      first++;
    }
    return first == 0
        ? this
        : new PartitionSummary(
            partition, end, List.copyOf(epochs.subList(first, epochs.size())), producers);
  }

  private Timed fold(Timed before, ProducerSnapshot next, long nowMs) {
    ProducerSnapshot old = before.state();
    boolean marker = next.coordinatorEpoch() >= 0;
    boolean continues = !marker && old.transactionFirstOffset() >= 0;
    long newest = next.batches().isEmpty() ? -1 : next.batches().getLast().lastOffset();
    boolean touched = marker || newest >= end;
    ProducerSnapshot state =
        new ProducerSnapshot(
            next.producerId(),
            next.producerEpoch(),
            old.producerEpoch() == next.producerEpoch()
                ? newest(old.batches(), next.batches())
                : next.batches(),
            next.lastTimestamp(),
            0,
            marker ? next.coordinatorEpoch() : old.coordinatorEpoch(),
            continues ? old.transactionFirstOffset() : next.transactionFirstOffset(),
            0);
    boolean sameTransaction =
        old.transactionFirstOffset() >= 0
            && old.transactionFirstOffset() == state.transactionFirstOffset();
    return new Timed(
        state,
        touched ? nowMs : before.touchedMs(),
        sameTransaction ? before.transactionBeganMs() : nowMs);
  }

  /** The last few of both, without those of {@code next} that {@code old} has already. */
  private static List<BatchSequence> newest(List<BatchSequence> old, List<BatchSequence> next) {
    long known = old.isEmpty() ? -1 : old.getLast().lastOffset();
    List<BatchSequence> all = new ArrayList<>(old);
    next.stream().filter(b -> b.lastOffset() > known).forEach(all::add);
    return List.copyOf(
        all.subList(Math.max(0, all.size() - ProducerDraft.BATCHES_KEPT), all.size()));
  }

  private static ProducerSnapshot aged(Timed p, long nowMs) {
    ProducerSnapshot s = p.state();
    long transactionAgeMs =
        s.transactionFirstOffset() < 0 ? 0 : Math.max(0, nowMs - p.transactionBeganMs());
    return new ProducerSnapshot(
        s.producerId(),
        s.producerEpoch(),
        s.batches(),
        s.lastTimestamp(),
        Math.max(0, nowMs - p.touchedMs()),
        s.coordinatorEpoch(),
        s.transactionFirstOffset(),
        transactionAgeMs);
  }
}
