package io.millrace.coordinator;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.Partitions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * The loaded shards of one coordinator, by partition; each loads on first use and again after it
 * ended, and ends when its partition closes. Any thread may ask; the map is guarded by its monitor.
 */
public final class ShardRegistry<S extends Shard> {
  /**
   * Records of one event that stand apart are split into batches of at most this many bytes (below
   * the default max.message.bytes).
   */
  private static final int BATCH_BYTES_MAX = 512 * 1024;

  private final EventLoop loop;
  private final Clock clock;
  private final Partitions partitions;
  private final Function<PartitionLog, S> newShard;
  private final Map<PartitionId, Loaded<S>> shards = new TreeMap<>();

  private record Loaded<S extends Shard>(
      PartitionLog log, CompletableFuture<ShardRunner<S>> runner) {}

  /**
   * @param newShard makes the shard of a partition, without its state
   */
  public ShardRegistry(
      EventLoop loop, Clock clock, Partitions partitions, Function<PartitionLog, S> newShard) {
    this.loop = loop;
    this.clock = clock;
    this.partitions = partitions;
    this.newShard = newShard;
  }

  /**
   * The running shard of a partition this broker leads; fails with NotCoordinatorException if it
   * does not lead it.
   */
  public CompletableFuture<ShardRunner<S>> shard(PartitionId id) {
    return partitions
        .open(id)
        .thenCompose(log -> shard(id, log))
        .exceptionallyCompose(failure -> CompletableFuture.failedFuture(inKafkasTerms(failure)));
  }

  private static Throwable inKafkasTerms(Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    if (cause instanceof NotLeaderOrFollowerException
        || cause instanceof UnknownTopicOrPartitionException
        || cause instanceof UnknownTopicIdException) {
      return new NotCoordinatorException("This broker is not the coordinator.", cause);
    }
    return cause instanceof KafkaStorageException || cause instanceof CorruptRecordException
        ? new CoordinatorNotAvailableException("The coordinator cannot be loaded now.", cause)
        : cause;
  }

  private synchronized CompletableFuture<ShardRunner<S>> shard(PartitionId id, PartitionLog log) {
    Loaded<S> known = shards.get(id);
    if (known != null && known.log().equals(log) && !failed(known.runner())) {
      return known.runner();
    }
    if (known != null) {
      known.runner().thenAccept(runner -> loop.execute(runner::end));
    }
    S shard = newShard.apply(log);
    ShardRunner<S> runner = new ShardRunner<>(loop, clock, log, shard, BATCH_BYTES_MAX);
    CompletableFuture<ShardRunner<S>> loaded =
        ShardLoader.load(loop, clock, log, shard)
            .thenApply(done -> {
              runner.tell(Shard::onLoaded);
              return runner;
            });
    Loaded<S> entry = new Loaded<>(log, loaded);
    shards.put(id, entry);
    watch(id, entry, runner);
    return loaded;
  }

  /** A coordinator that leads no more must not act, even if nobody asks it anything. */
  private void watch(PartitionId id, Loaded<S> entry, ShardRunner<S> runner) {
    var unused =
        entry
            .log()
            .onChange(() ->
                loop.execute(() -> {
                  if (runner.ended()) {
                    return;
                  }
                  if (entry.log().equals(partitions.ifOpen(id))) {
                    watch(id, entry, runner);
                  } else {
                    runner.end();
                    forget(id, entry);
                    // its load may wait for a log that is no longer to be waited for
                    entry.runner().completeExceptionally(moving());
                  }
                }));
  }

  private static NotCoordinatorException moving() {
    return new NotCoordinatorException("The coordinator is moving.");
  }

  private synchronized void forget(PartitionId id, Loaded<S> entry) {
    shards.remove(id, entry);
  }

  private static <S extends Shard> boolean failed(CompletableFuture<ShardRunner<S>> runner) {
    return runner.isCompletedExceptionally() || (runner.isDone() && runner.join().ended());
  }

  /** Shards that are loaded or loading, in partition order. */
  public synchronized List<CompletableFuture<ShardRunner<S>>> present() {
    return shards.values().stream().map(Loaded::runner).toList();
  }

  /** Ends all shards. */
  public synchronized void close() {
    shards
        .values()
        .forEach(each -> {
          each.runner().thenAccept(r -> loop.execute(r::end));
          each.runner().completeExceptionally(moving());
        });
    shards.clear();
  }
}
