package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataRecord.FeaturesChanged;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Up to five brokers, some with one node id, commit through a scribe and by themselves, fence each
 * other, stop and continue; the store and the network lose requests and replies and let some happen
 * long after, when their entry was collected or their asker gave up. {@link MetadataHistory} checks
 * each image and each outcome as it comes.
 */
class MetadataLogSimulation {
  private static final int ROUNDS = 120;

  private final List<Process> processes = new ArrayList<>();
  private MetadataWorld world = new MetadataWorld(0, 0, 4);
  private MetadataHistory history = new MetadataHistory(world.store);
  private int names;

  static LongStream seeds() {
    return LongStream.rangeClosed(1, Long.getLong("millrace.metadata.seeds", 100));
  }

  /** One that runs or is stopped; none ever hears that it should end. */
  private record Process(MetadataLog log, StallingLoop loop) {}

  @ParameterizedTest
  @MethodSource("seeds")
  void everyBrokerSeesOneHistoryInWhichEachCommandCountsOnce(long seed) {
    world = new MetadataWorld(seed, 10, 4);
    history = new MetadataHistory(world.store);
    int nodes = 1 + world.random.nextInt(5);
    for (int node = 1; node <= nodes; node++) {
      start(node);
      world.scheduler.runFor(100_000_000L);
    }

    for (int round = 0; round < ROUNDS; round++) {
      act(nodes);
      world.scheduler.runFor(world.random.nextLong(200_000_000L));
      assertNothingWrong();
    }

    heal();
    assertThat(history.unsettled).as("commands whose fate is open").isZero();
    MetadataImage end = world.load().image();
    assertThat(end).isEqualTo(history.tip());
    for (Process process : processes) {
      world.await(process.log.refresh().handle((image, fenced) -> image == null ? end : image));
      assertThat(process.log.ended().isDone() || process.log.image().equals(end)).isTrue();
    }
    assertNothingWrong();
    assertThat(world.store.objects).as("a boundary was reached").containsKey(Keys.boundary(2));
  }

  private void heal() {
    world.store.heal();
    processes.forEach(process -> process.loop.resume());
    world.scheduler.runFor(60_000_000_000L);
    start(1);
    world.scheduler.runFor(30_000_000_000L);
    assertNothingWrong();
  }

  private void assertNothingWrong() {
    assertThat(world.scheduler.failures()).isEmpty();
    assertThat(history.violations()).isEmpty();
  }

  private void act(int nodes) {
    if (processes.isEmpty()) {
      start(1);
      return;
    }
    Process process = processes.get(world.random.nextInt(processes.size()));
    if (process.log.ended().isDone()) {
      processes.remove(process);
      world.listening.remove(process.log.writer());
      start(1 + world.random.nextInt(nodes));
      return;
    }
    switch (world.random.nextInt(24)) {
      case 0 -> start(1 + world.random.nextInt(nodes)); // the older one goes on until it notices
      case 1 -> {
        int node = 1 + world.random.nextInt(nodes);
        start(node);
        start(node);
      }
      case 2 -> {
        Process other = processes.get(world.random.nextInt(processes.size()));
        history.submit(process.log, new IncarnationFenced(other.log.writer()));
      }
      case 3, 4 -> {
        process.loop.stall();
        process.log.refresh();
      }
      case 5, 6, 7 -> process.loop.resume();
      case 8, 9 -> process.log.refresh();
      case 10 -> world.random.ints(5, 0, 3).forEach(_ -> set(process.log));
      case 11, 12, 13, 14 -> createAndDelete(process.log);
      case 15 -> process.log.onNudge(history.tip().entryNumber());
      default -> set(process.log);
    }
  }

  private void start(int node) {
    WriterId writer = world.newWriter();
    StallingLoop loop = new StallingLoop(world.newLoop());
    CompletableFuture<MetadataLog> loading = world.load(writer, loop, world.scribe(writer));
    loading
        .thenCompose(log -> {
          history.watch(log);
          return world.register(log, node);
        })
        .whenComplete((registration, _) -> {
          if (registration != null) {
            MetadataLog log = loading.join();
            processes.add(new Process(log, loop));
            world.listening.put(writer, log);
          } // else another of that node id was first
        });
  }

  /** Never void, so that it would show if it counted twice. */
  private void set(MetadataLog log) {
    history.submit(log, new FeaturesChanged(Map.of("feature-" + names++, (short) 1), Map.of()));
  }

  /** Few names, so that brokers compete for them. */
  private void createAndDelete(MetadataLog log) {
    Uuid id = new Uuid(world.random.nextLong(), world.random.nextLong());
    String name = "topic-" + world.random.nextInt(2);
    history.submit(log, new TopicCreated(id, name, List.of(List.of(1, 2, 3)), Map.of()));
    set(log);
    if (world.random.nextInt(3) > 0) {
      history.submit(log, new TopicDeleted(id));
    }
  }
}
