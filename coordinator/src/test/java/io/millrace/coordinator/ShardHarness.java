package io.millrace.coordinator;

import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.log.PartitionLog;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;

/** A shard on virtual time over a partition in memory. */
public final class ShardHarness<S extends Shard> {
  private static final long STEPS_MAX = 100_000;

  /** Small, so that whatever may be split is. */
  private static final int BATCH_BYTES_MAX = 512;

  public final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  public final SimulatedMachine machine = new SimulatedMachine(scheduler, "broker");
  private final Environment environment = machine.startProcess();
  public final SimulatedPartitionLog log = new SimulatedPartitionLog();
  private final BiFunction<Environment, PartitionLog, S> newShard;
  private final EventLoop loop = environment.threads().eventLoop("shards");
  private ShardRunner<S> runner;

  public ShardHarness(BiFunction<Environment, PartitionLog, S> newShard) {
    this.newShard = newShard;
    this.runner = load();
  }

  /** Forgets all soft state and loads the shard from its log. */
  public void reload() {
    loop.execute(runner::end);
    runner = load();
  }

  /** Another shard, which does not run, as the log alone makes it. */
  public S replayed() {
    S shard = newShard.apply(environment, log);
    CompletableFuture<Void> loaded = ShardLoader.load(loop, environment.clock(), log, shard);
    scheduler.runUntil(loaded::isDone, STEPS_MAX);
    loaded.join();
    return shard;
  }

  private ShardRunner<S> load() {
    S shard = replayed();
    ShardRunner<S> fresh =
        new ShardRunner<>(loop, environment.clock(), log, shard, BATCH_BYTES_MAX);
    fresh.tell(Shard::onLoaded);
    return fresh;
  }

  public <T> CompletableFuture<T> call(ShardRunner.Call<S, T> request) {
    CompletableFuture<T> answer = runner.call(request);
    settle();
    return answer;
  }

  /** A request whose event writes nothing. */
  public <T> CompletableFuture<T> ask(ShardRunner.Call<S, T> request) {
    CompletableFuture<T> answer = runner.ask(request);
    settle();
    return answer;
  }

  public void tell(BiConsumer<S, Outbox> event) {
    runner.tell(event);
    settle();
  }

  /**
   * Runs what is due now and in the next few virtual milliseconds, timers of seconds not included.
   */
  public void settle() {
    pass(50);
  }

  /** Lets virtual time pass. */
  public void pass(long ms) {
    boolean[] over = new boolean[1];
    var unused = loop.schedule(ms * 1_000_000, () -> over[0] = true);
    scheduler.runUntil(() -> over[0], STEPS_MAX);
    if (!scheduler.failures().isEmpty()) {
      throw new AssertionError("a task failed", scheduler.failures().getFirst());
    }
  }
}
