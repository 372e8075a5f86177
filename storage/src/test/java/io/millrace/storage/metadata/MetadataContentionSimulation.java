package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataRecord.FeaturesChanged;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fifteen brokers commit all the time to a store that takes 40 ms for a put and 15 ms for a get;
 * waits are in virtual time.
 */
class MetadataContentionSimulation {
  private static final int BROKERS = 15;
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

  private MetadataWorld world = world(1);
  private final List<MetadataLog> logs = new ArrayList<>();
  private final Map<MetadataLog, StallingLoop> loops = new HashMap<>();
  private final Map<MetadataLog, Long> longestNs = new HashMap<>();
  private final Map<MetadataLog, Integer> unsettled = new HashMap<>();
  private int issued;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void noCommandWaitsLongWhileTheScribeLives(long seed) {
    startAll(seed, true);

    commitFor(20 * SECOND_NS);

    assertLongestWaitMs(500);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void withoutAScribeNoCommandWaitsLongerThanTwoSeconds(long seed) {
    startAll(seed, false);

    commitFor(60 * SECOND_NS);

    assertLongestWaitMs(2000);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noCommandWaitsLongerThanTwoSecondsWhereTheScribeIsKilled(long seed) {
    startAll(seed, true);
    commitFor(5 * SECOND_NS);

    MetadataLog scribe = logs.removeFirst();
    world.listening.remove(scribe.writer());
    scribe.close();
    commitFor(20 * SECOND_NS);
    unsettled.remove(scribe); // what it had begun itself died with it

    assertLongestWaitMs(2000);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noCommandWaitsLongerThanTwoSecondsWhereTheScribeIsStalled(long seed) {
    startAll(seed, true);
    commitFor(5 * SECOND_NS);

    MetadataLog stalled = logs.removeFirst();
    StallingLoop scribe = Objects.requireNonNull(loops.get(stalled));
    scribe.stall();
    commitFor(20 * SECOND_NS);
    scribe.resume();
    commitFor(5 * SECOND_NS);
    longestNs.remove(stalled); // what it had begun itself waited for it

    assertLongestWaitMs(2000);
  }

  @ParameterizedTest
  @CsvSource({"1, true", "2, true", "1, false", "2, false", "3, false"})
  void aNewcomerRegistersWithinTwoSecondsWhileAllOthersCommit(long seed, boolean withScribe) {
    startAll(seed, withScribe);
    List<MetadataLog> busy = List.copyOf(logs);
    List<Long> tookNs = new ArrayList<>();
    for (int newcomer = 1; newcomer <= 20; newcomer++) {
      int node = BROKERS + newcomer;
      long fromNs = world.scheduler.nowNs();
      join(node, withScribe).thenAccept(_ -> tookNs.add(world.scheduler.nowNs() - fromNs));
      commitFor(5 * SECOND_NS);
      logs.retainAll(busy);
    }

    assertThat(tookNs).hasSize(20).allSatisfy(ns -> assertThat(ns).isLessThan(2 * SECOND_NS));
    assertLongestWaitMs(withScribe ? 1000 : 3000);
  }

  private static MetadataWorld world(long seed) {
    return new MetadataWorld(seed, 0, 512, LossyStore.Pace.BUCKET);
  }

  private void startAll(long seed, boolean withScribe) {
    world = world(seed);
    for (int node = 1; node <= BROKERS; node++) {
      world.await(join(node, withScribe));
    }
  }

  private CompletableFuture<Void> join(int node, boolean withScribe) {
    WriterId writer = world.newWriter();
    StallingLoop loop = new StallingLoop(world.newLoop());
    return world
        .load(writer, loop, withScribe ? world.scribe(writer) : Scribe.NONE)
        .thenCompose(log ->
            world
                .register(log, node)
                .thenAccept(_ -> {
                  world.listening.put(writer, log);
                  loops.put(log, loop);
                  logs.add(log);
                }));
  }

  private void commitFor(long durationNs) {
    long endNs = world.scheduler.nowNs() + durationNs;
    while (world.scheduler.nowNs() < endNs) {
      issue(logs.get(world.random.nextInt(logs.size())));
      world.scheduler.runFor(world.random.nextLong(2 * 100_000_000L / BROKERS));
    }
  }

  private void issue(MetadataLog log) {
    long fromNs = world.scheduler.nowNs();
    issued++;
    unsettled.merge(log, 1, Integer::sum);
    log.submit(new FeaturesChanged(Map.of("feature-" + issued, (short) 1), Map.of()))
        .thenAccept(_ -> {
          unsettled.merge(log, -1, Integer::sum);
          longestNs.merge(log, world.scheduler.nowNs() - fromNs, Math::max);
        });
  }

  private void assertLongestWaitMs(long maxMs) {
    world.scheduler.runFor(5 * SECOND_NS);
    assertThat(world.scheduler.failures()).isEmpty();
    assertThat(unsettled.values()).containsOnly(0);
    assertThat(longestNs.values())
        .allSatisfy(ns -> assertThat(ns).isLessThan(TimeUnit.MILLISECONDS.toNanos(maxMs)));
  }
}
