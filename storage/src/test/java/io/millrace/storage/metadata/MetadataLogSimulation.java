package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Keys;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Brokers fence each other and commit at the same time to a store that loses requests and replies
 * and lets some puts happen long after their entry was collected.
 */
class MetadataLogSimulation {
  private static final int ROUNDS = 60;

  private final Map<Long, Long> hashes = new HashMap<>();
  private final Set<String> applied = new HashSet<>();
  private final Set<String> voided = new HashSet<>();
  private final Set<String> unsettled = new HashSet<>();
  private final List<Long> producerIds = new ArrayList<>();
  private int names;

  static LongStream seeds() {
    return LongStream.rangeClosed(1, 100);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyBrokerSeesOneHistoryInWhichEachCommandCountsOnce(long seed) {
    MetadataWorld world = new MetadataWorld(seed, 10, 4);
    List<MetadataLog> logs = new ArrayList<>();
    for (int node = 1; node <= 3; node++) {
      logs.add(watched(world.start(node)));
    }

    for (int round = 0; round < ROUNDS; round++) {
      int broker = world.random.nextInt(logs.size());
      switch (world.random.nextInt(12)) {
        case 0 ->
            logs.set(
                broker,
                watched(world.start(broker + 1))); // the older incarnation goes on until it notices
        case 1 -> logs.get(broker).refresh();
        case 2 -> new ProducerIds(logs.get(broker)).next().thenAccept(producerIds::add);
        default -> createAndSometimesDelete(world, logs.get(broker));
      }
      world.scheduler.runFor(world.random.nextLong(200_000_000L));
    }
    world.scheduler.runFor(60_000_000_000L);

    assertThat(world.scheduler.failures()).isEmpty();
    MetadataImage end = world.load().image();
    observe(end);
    for (MetadataLog log : logs) {
      assertThat(world.await(log.refresh()).entryNumber())
          .isGreaterThanOrEqualTo(end.entryNumber());
    }
    assertThat(end.topicIds().keySet()).containsAll(applied).doesNotContainAnyElementsOf(voided);
    Set<String> known = new HashSet<>(applied);
    known.addAll(unsettled);
    assertThat(known).containsAll(end.topicIds().keySet());
    assertThat(producerIds).doesNotHaveDuplicates();
    assertThat(world.store.objects).as("a boundary was reached").containsKey(Keys.boundary(2));
  }

  private MetadataLog watched(MetadataLog log) {
    observe(log.image());
    log.addListener((_, after) -> observe(after));
    return log;
  }

  /** One number, one hash, for everybody. */
  private void observe(MetadataImage image) {
    Long other = hashes.putIfAbsent(image.entryNumber(), image.entryHash());
    assertThat(other == null ? image.entryHash() : other)
        .as("hash of entry %d", image.entryNumber())
        .isEqualTo(image.entryHash());
  }

  private void createAndSometimesDelete(MetadataWorld world, MetadataLog log) {
    // few names, so that brokers compete for them
    String name = "topic-" + names++ / 2;
    Uuid id = new Uuid(world.random.nextLong(), world.random.nextLong());
    log.submit(new TopicCreated(id, name, List.of(List.of(1, 2, 3)), Map.of()))
        .whenComplete((outcome, error) -> {
          switch (outcome) {
            case Outcome.Applied a -> {
              assertThat(a.image().topics()).containsKey(id);
              assertThat(applied.add(name)).as("%s created once", name).isTrue();
            }
            case Outcome.Voided v -> assertThat(v.image().topicIds()).containsKey(name);
            case null -> {
              assertThat(error).isInstanceOf(IncarnationEndedException.class);
              unsettled.add(name);
            }
          }
        });
    String gone = "gone-" + names;
    Uuid goneId = new Uuid(world.random.nextLong(), world.random.nextLong());
    log.submit(new TopicCreated(goneId, gone, List.of(List.of(1)), Map.of()));
    log.submit(new TopicDeleted(goneId))
        .whenComplete(
            (outcome, _) -> (outcome instanceof Outcome.Applied ? voided : unsettled).add(gone));
  }
}
