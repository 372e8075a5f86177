package io.millrace.storage.log;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.LeaderHandedOver;
import io.millrace.storage.wal.Wal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives partitions this incarnation leads to the brokers that should lead them (design 7a): closes
 * them, settles every WAL write that holds them, publishes, and only then commits its own entry;
 * they stay closed until the fate of that is known. One round at a time, on the loop it is given.
 */
final class Handovers {
  private static final Logger LOG = LoggerFactory.getLogger(Handovers.class);
  private static final int ROUND_PARTITIONS_MAX = 1000;
  private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);
  private static final int LAST_ROUNDS_MAX = 20;

  private final MetadataLog metadata;
  private final OpenPartitions partitions;
  private final Wal wal;
  private final Supplier<CompletableFuture<Void>> checkpoint;
  private final EventLoop loop;
  private boolean running;
  private boolean closed;
  private @Nullable CompletableFuture<Void> leaving;
  private int lastRoundsLeft = LAST_ROUNDS_MAX;

  /** One partition and the node that is to lead it. */
  private record Move(PartitionId partition, int leaderEpoch, int to) {}

  /**
   * @param checkpoint writes checkpoints of what was published, so that the next leader reads few
   *     footers and knows how long producers have been idle
   */
  Handovers(
      MetadataLog metadata,
      OpenPartitions partitions,
      Wal wal,
      Supplier<CompletableFuture<Void>> checkpoint,
      EventLoop loop) {
    this.metadata = metadata;
    this.partitions = partitions;
    this.wal = wal;
    this.checkpoint = checkpoint;
    this.loop = loop;
  }

  /** Looks at what was ordered before images were followed here. */
  void start() {
    loop.execute(this::next);
  }

  /** On the metadata loop, for each image in order. */
  void onImage(MetadataImage before, MetadataImage after) {
    if (!before.sameTopics(after) || !before.brokers().equals(after.brokers())) {
      loop.execute(this::next);
    }
  }

  /**
   * Gives everything away, for a graceful stop; completes when nothing is led here any more, or
   * nobody can take it.
   */
  CompletableFuture<Void> giveUpAll() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    try {
      loop.execute(() -> {
        if (closed) {
          done.complete(null);
          return;
        }
        leaving = done;
        next();
      });
    } catch (RejectedExecutionException loopEnded) {
      done.complete(null); // the incarnation has ended
    }
    return done;
  }

  /** No further round. */
  void close() {
    try {
      loop.execute(() -> {
        closed = true;
        left();
      });
    } catch (RejectedExecutionException loopEnded) {
      // no round can follow
    }
  }

  private void next() {
    if (running || closed) {
      return;
    }
    List<Move> moves = moves(metadata.image());
    if (moves.isEmpty() || (leaving != null && lastRoundsLeft-- == 0)) {
      left();
      return;
    }
    running = true;
    var _ = run(moves).whenCompleteAsync((all, failure) -> finished(all, failure), loop);
  }

  /** Once left, nothing is handed over any more: what is led here still is for recovery. */
  private void left() {
    if (leaving != null) {
      closed = true;
      leaving.complete(null);
    }
  }

  private void finished(@Nullable Boolean all, @Nullable Throwable failure) {
    running = false;
    if (metadata.ended().isDone() || wal.failure().isDone()) {
      closed = true;
      left();
    } else if (failure == null && Boolean.TRUE.equals(all)) {
      next();
    } else {
      if (failure != null) {
        LOG.warn("Partitions were not handed over, the next round tries again", failure);
      }
      loop.schedule(RETRY_NS, this::next);
    }
  }

  /** True if all of them are led elsewhere now. */
  private CompletableFuture<Boolean> run(List<Move> moves) {
    // once before they close, so that the checkpoint they wait for is short
    return checkpoint
        .get()
        .thenComposeAsync(
            _ -> all(moves.stream().map(move -> partitions.leave(move.partition())).toList()), loop)
        .thenCompose(_ -> wal.roll())
        .thenCompose(_ -> checkpoint.get())
        .thenCompose(_ -> commit(moves))
        .whenComplete((_, _) -> moves.forEach(move -> partitions.stay(move.partition())));
  }

  private CompletableFuture<Boolean> commit(List<Move> moves) {
    List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
    for (Move move : moves) {
      outcomes.add(
          metadata.submit(new LeaderHandedOver(move.partition(), move.leaderEpoch(), move.to())));
    }
    return all(outcomes)
        .thenApply(_ ->
            outcomes.stream()
                .map(CompletableFuture::resultNow)
                .allMatch(Outcome.Applied.class::isInstance));
  }

  private static CompletableFuture<Void> all(List<? extends CompletableFuture<?>> futures) {
    return CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new));
  }

  private List<Move> moves(MetadataImage image) {
    WriterId self = metadata.writer();
    List<Move> moves = new ArrayList<>();
    for (Topic topic : image.topics().values()) {
      for (int i = 0; i < topic.partitions().size(); i++) {
        Partition partition = topic.partitions().get(i);
        boolean led = partition.leader().isPresent() && partition.leader().get().equals(self);
        int to = led ? destination(image, partition, i) : -1;
        if (to >= 0) {
          moves.add(new Move(new PartitionId(topic.id(), i), partition.leaderEpoch(), to));
          if (moves.size() == ROUND_PARTITIONS_MAX) {
            return moves;
          }
        }
      }
    }
    return moves;
  }

  /** The node to lead it, -1 if it stays. */
  private int destination(MetadataImage image, Partition partition, int number) {
    int target = partition.targetLeader().orElse(-1);
    if (canLead(image, target)) {
      return target;
    }
    if (leaving == null) {
      return -1;
    }
    for (int node : partition.replicas()) {
      if (canLead(image, node)) {
        return node;
      }
    }
    List<Integer> others =
        image.brokers().keySet().stream().filter(node -> canLead(image, node)).toList();
    return others.isEmpty() ? -1 : others.get(number % others.size());
  }

  private boolean canLead(MetadataImage image, int node) {
    WriterId writer = image.brokers().get(node);
    return writer != null && !writer.equals(metadata.writer());
  }
}
