package io.millrace.coordinator;

import io.millrace.coordinator.group.GroupSettings;
import io.millrace.coordinator.group.GroupShard;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.metadata.MetadataImage;
import java.util.concurrent.CompletableFuture;

/** A group shard on virtual time over a partition in memory. */
public final class ShardHarness {
  private static final long STEPS_MAX = 100_000;

  public final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final Environment environment = new SimulatedMachine(scheduler, "broker").startProcess();
  public final SimulatedPartitionLog log = new SimulatedPartitionLog();
  public MetadataImage image = MetadataImage.EMPTY;
  private final GroupSettings settings;
  private final EventLoop loop = environment.threads().eventLoop("groups");
  private ShardRunner<GroupShard> runner;

  public ShardHarness(GroupSettings settings) {
    this.settings = settings;
    this.runner = load();
  }

  /** Forgets all soft state and loads the shard from its log. */
  public void reload() {
    loop.execute(runner::end);
    runner = load();
  }

  private ShardRunner<GroupShard> load() {
    GroupShard shard =
        new GroupShard(settings, environment.clock(), environment.randomness(), () -> image);
    CompletableFuture<Void> loaded = ShardLoader.load(loop, log, shard);
    scheduler.runUntil(loaded::isDone, STEPS_MAX);
    loaded.join();
    ShardRunner<GroupShard> fresh =
        new ShardRunner<>(loop, environment.clock(), log, shard, 512 * 1024);
    fresh.tell(Shard::onLoaded);
    return fresh;
  }

  public <T> CompletableFuture<T> call(ShardRunner.Call<GroupShard, T> request) {
    CompletableFuture<T> answer = runner.call(request);
    settle();
    return answer;
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
