package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedRandomness;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.WriterId;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/** Metadata logs of several brokers over one store, under virtual time. */
final class MetadataWorld {
  private static final long STEPS_MAX = 3_000_000;

  final SimulatedScheduler scheduler;
  final SplittableRandom random;
  final LossyStore store;

  /** The processes that listen to others. */
  final Map<WriterId, MetadataLog> listening = new HashMap<>();

  private final BoundarySpacing spacing;
  private final EventLoop network;
  private final int lossPercent;
  private int processes;

  MetadataWorld(long seed, int lossPercent, int entriesBetweenBoundaries) {
    this(seed, lossPercent, entriesBetweenBoundaries, LossyStore.Pace.QUICK);
  }

  MetadataWorld(long seed, int lossPercent, int entriesBetweenBoundaries, LossyStore.Pace pace) {
    this.scheduler = new SimulatedScheduler(seed);
    this.random = scheduler.fork();
    this.lossPercent = lossPercent;
    SimulatedThreads outside = new SimulatedThreads(scheduler, "outside");
    this.store = new LossyStore(outside.eventLoop("store"), scheduler.fork(), lossPercent, pace);
    this.network = outside.eventLoop("network");
    this.spacing = new BoundarySpacing(entriesBetweenBoundaries);
  }

  /** A loaded log whose incarnation is not registered yet and that appends by itself. */
  MetadataLog load() {
    return await(load(newWriter(), newLoop(), Scribe.NONE));
  }

  /** Registered; it appends by itself. */
  MetadataLog start(int node) {
    MetadataLog log = load();
    await(register(log, node));
    return log;
  }

  CompletableFuture<MetadataLog> load(WriterId writer, EventLoop loop, Scribe scribe) {
    return StoredMetadataLog.load(
        store,
        loop,
        new SimulatedClock(scheduler),
        new SimulatedRandomness(scheduler.fork()),
        writer,
        spacing,
        scribe);
  }

  CompletableFuture<Registration> register(MetadataLog log, int node) {
    return Registration.register(
        log, Samples.registered(log.writer(), node, log.image()), Samples.CLUSTER);
  }

  /** Asks those that listen. */
  Scribe scribe(WriterId asker) {
    return new SimulatedScribe(
        asker, listening, scheduler, network, scheduler.fork(), 3 * lossPercent);
  }

  WriterId newWriter() {
    return new WriterId(random.nextLong(), random.nextLong());
  }

  EventLoop newLoop() {
    return new SimulatedThreads(scheduler, "broker" + processes++).eventLoop("metadata");
  }

  <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, STEPS_MAX))
        .as("completed in %d steps", STEPS_MAX)
        .isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }
}
