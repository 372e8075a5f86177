package io.millrace.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.Partitions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ShardRegistryTest {
  private final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final EventLoop loop = new SimulatedThreads(scheduler, "broker").eventLoop("groups");
  private final List<String> fired = new ArrayList<>();
  private final OnePartition partitions = new OnePartition();
  private final ShardRegistry<Ticking> shards =
      new ShardRegistry<>(loop, new SimulatedClock(scheduler), partitions, _ -> new Ticking());

  /** Sets one timer when it is loaded. */
  private final class Ticking implements Shard {
    @Override
    public RecordTypes recordTypes() {
      return id -> {
        throw new UnsupportedVersionException("nothing is written here");
      };
    }

    @Override
    public void replay(CoordinatorRecord record) {}

    @Override
    public void onLoaded(Outbox out) {
      out.timer("tick", 10_000, _ -> fired.add("tick"));
    }
  }

  /** A partition that is led here until the test takes it away. */
  private static final class OnePartition implements Partitions {
    private @Nullable SimulatedPartitionLog log = new SimulatedPartitionLog();

    void moveAway() {
      SimulatedPartitionLog closed = log;
      log = null;
      if (closed != null) {
        closed.change();
      }
    }

    void comeBack() {
      log = new SimulatedPartitionLog();
    }

    @Override
    public CompletableFuture<PartitionLog> open(PartitionId id) {
      PartitionLog present = log;
      return present == null
          ? CompletableFuture.failedFuture(new NotLeaderOrFollowerException("led elsewhere"))
          : CompletableFuture.completedFuture(present);
    }

    @Override
    public @Nullable PartitionLog ifOpen(PartitionId id) {
      return log;
    }
  }

  @Test
  void aShardWhosePartitionMovesAwayEndsThoughNobodyAsks() {
    ShardRunner<Ticking> runner = load();

    partitions.moveAway();
    scheduler.runFor(60_000_000_000L);

    assertThat(runner.ended()).isTrue();
    assertThat(fired).isEmpty();
    assertThat(shards.present()).isEmpty();
  }

  @Test
  void whoWaitsForALoadIsToldThatThePartitionMovedThoughItsLogNeverSettles() {
    SimulatedPartitionLog log = Objects.requireNonNull(partitions.log);
    log.hold();
    var _ =
        log.append(
            MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(new byte[1], new byte[1]))
                .buffer(),
            -1,
            Origin.COORDINATOR);
    CompletableFuture<ShardRunner<Ticking>> loading = shards.shard(partitionId());
    scheduler.runFor(1_000_000);
    assertThat(loading).isNotDone();

    partitions.moveAway();
    scheduler.runFor(1_000_000);

    assertThat(loading.exceptionNow()).isInstanceOf(NotCoordinatorException.class);
  }

  @Test
  void aChangeOfThePartitionThatIsNoMoveLeavesTheShardAlone() {
    ShardRunner<Ticking> runner = load();
    SimulatedPartitionLog log = partitions.log;

    for (int i = 0; i < 3 && log != null; i++) {
      log.change();
      scheduler.runFor(1_000_000);
    }

    assertThat(runner.ended()).isFalse();
    partitions.moveAway();
    scheduler.runFor(1_000_000);
    assertThat(runner.ended()).isTrue();
  }

  @Test
  void aPartitionThatComesBackIsLoadedAnew() {
    ShardRunner<Ticking> first = load();
    partitions.moveAway();
    scheduler.runFor(1_000_000);
    CompletableFuture<ShardRunner<Ticking>> elsewhere = shards.shard(partitionId());
    assertThatThrownBy(elsewhere::join).hasCauseInstanceOf(NotCoordinatorException.class);

    partitions.comeBack();

    assertThat(load()).isNotSameAs(first);
  }

  @Test
  void anErrorInAnEventEndsTheShardAndItsCallersHearOfIt() {
    ShardRunner<Ticking> first = load();
    CompletableFuture<Void> waits = first.call((_, _, _) -> {});
    CompletableFuture<Void> failing =
        first.call((_, _, _) -> {
          throw new StackOverflowError("too deep");
        });
    scheduler.runFor(1_000_000);

    assertThat(first.ended()).isTrue();
    assertThat(waits.exceptionNow()).isInstanceOf(NotCoordinatorException.class);
    assertThat(failing.exceptionNow()).isInstanceOf(NotCoordinatorException.class);
    assertThat(load()).isNotSameAs(first);
  }

  private ShardRunner<Ticking> load() {
    CompletableFuture<ShardRunner<Ticking>> loaded = shards.shard(partitionId());
    assertThat(scheduler.runUntil(loaded::isDone, 1_000)).isTrue();
    return loaded.join();
  }

  private static PartitionId partitionId() {
    return new SimulatedPartitionLog().id();
  }
}
