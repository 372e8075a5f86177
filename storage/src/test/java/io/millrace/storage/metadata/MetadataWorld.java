package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedRandomness;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.WriterId;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/** Metadata logs of several brokers over one store, under virtual time. */
final class MetadataWorld {
  private static final long STEPS_MAX = 3_000_000;

  final SimulatedScheduler scheduler;
  final SplittableRandom random;
  final LossyStore store;
  private final BoundarySpacing spacing;
  private final SimulatedThreads storeThreads;
  private int processes;

  MetadataWorld(long seed, int lossPercent, int entriesBetweenBoundaries) {
    this.scheduler = new SimulatedScheduler(seed);
    this.random = scheduler.fork();
    this.storeThreads = new SimulatedThreads(scheduler, "store");
    this.store = new LossyStore(storeThreads.eventLoop("store"), scheduler.fork(), lossPercent);
    this.spacing = new BoundarySpacing(entriesBetweenBoundaries);
  }

  /** A loaded log whose incarnation is not registered yet. */
  MetadataLog load() {
    SimulatedThreads threads = new SimulatedThreads(scheduler, "broker" + processes++);
    return await(
        StoredMetadataLog.load(
            store,
            threads.eventLoop("metadata"),
            new SimulatedClock(scheduler),
            new SimulatedRandomness(scheduler.fork()),
            new WriterId(random.nextLong(), random.nextLong()),
            spacing));
  }

  MetadataLog start(int node) {
    MetadataLog log = load();
    await(Registration.register(log, Samples.registered(log.writer(), node, log.image()), Samples.CLUSTER));
    return log;
  }

  <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, STEPS_MAX))
        .as("completed in %d steps", STEPS_MAX)
        .isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }
}
