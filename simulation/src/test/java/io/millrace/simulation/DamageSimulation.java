package io.millrace.simulation;

import static io.millrace.simulation.ClusterScript.SLOW;
import static io.millrace.simulation.ClusterScript.leadingMost;
import static io.millrace.simulation.ClusterScript.run;
import static io.millrace.simulation.ClusterScript.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.FooterCodec;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A bit of what is listed changes in the store: it is never served and never deleted, and what does
 * not need it goes on (E2, I8).
 */
final class DamageSimulation {
  /** What is damaged. */
  enum Kind {
    BATCHES,
    FOOTER,
    CHECKPOINT
  }

  /**
   * @param partitions of which something may be called damaged
   */
  private record Bit(String key, long number, Set<PartitionId> partitions) {}

  @ParameterizedTest
  @CsvSource({
    "BATCHES, 1",
    "BATCHES, 2",
    "FOOTER, 1",
    "FOOTER, 2",
    "CHECKPOINT, 1",
    "CHECKPOINT, 2"
  })
  void aFlippedBitIsNeitherServedNorDeletedAndHoldsUpNothingElse(Kind kind, long seed) {
    SimulatedCluster cluster = started(seed, 3, SLOW);
    run(cluster, 20);
    SplittableRandom random = new SplittableRandom(seed);
    Bit bit = Objects.requireNonNull(bit(cluster, kind, random), "nothing is stored");
    cluster.ledger().live().stream()
        .filter(partition -> bit.partitions().contains(partition.id()))
        .forEach(partition -> partition.damaged(true));
    cluster.store().flip(bit.key(), bit.number());
    cluster.faults().crash(cluster.broker(leadingMost(cluster))); // it had read it before
    run(cluster, 20);

    cluster.addTopics(1, OptionalInt.of(3), false);
    cluster.addProducer(true);
    cluster.addProducer(true);
    for (int i = 0; i < 4; i++) {
      cluster.addFetcher("late" + i, Fetcher.Habit.READS_ON);
    }
    long batches = cluster.ledger().batches();
    long merges = cluster.coverage().count("object merged");
    long checkpoints = cluster.coverage().count("checkpoint");
    run(cluster, 40);

    assertThat(cluster.ledger().batches()).isGreaterThan(batches + 20);
    assertThat(cluster.coverage().count("object merged")).isGreaterThan(merges);
    assertThat(cluster.coverage().count("checkpoint")).isGreaterThan(checkpoints);
    if (kind == Kind.BATCHES) { // a footer may still be in memory, a checkpoint be replaced
      assertThat(cluster.store().bytes(bit.key())).isPositive();
      assertThat(cluster.ledger().live().stream().mapToInt(PartitionLedger::corruptAnswers).sum())
          .isPositive();
    }

    if (cluster.store().bytes(bit.key()) > 0) {
      cluster.store().flip(bit.key(), bit.number());
    }
    cluster.peace();
  }

  /** A bit of the largest there is. */
  private static @Nullable Bit bit(SimulatedCluster cluster, Kind kind, SplittableRandom random) {
    MetadataImage image = cluster.watch().newest();
    return switch (kind) {
      case BATCHES -> {
        ObjectInfo object = largest(cluster, image);
        yield object == null ? null : ofBatches(cluster, object, random);
      }
      case FOOTER -> {
        ObjectInfo object = largest(cluster, image);
        yield object == null
            ? null
            : new Bit(
                object.key(),
                object.footerPosition() * 8 + random.nextInt(object.footerBytes() * 8),
                partitions(cluster, each -> object.mayHold(each)));
      }
      case CHECKPOINT ->
          cluster.ledger().live().stream()
              .map(partition -> image.partition(partition.id()))
              .flatMap(
                  partition -> partition == null ? Stream.empty() : partition.checkpoint().stream())
              .min(Comparator.comparing(Checkpoint::key))
              .map(named ->
                  new Bit(
                      named.key(),
                      random.nextLong(cluster.store().bytes(named.key()) * 8),
                      partitions(cluster, each -> isNamed(image, each, named.key()))))
              .orElse(null);
    };
  }

  private static Set<PartitionId> partitions(
      SimulatedCluster cluster, Predicate<PartitionId> which) {
    return cluster.ledger().live().stream()
        .map(PartitionLedger::id)
        .filter(which)
        .collect(Collectors.toSet());
  }

  private static boolean isNamed(MetadataImage image, PartitionId id, String checkpoint) {
    Partition partition = image.partition(id);
    return partition != null
        && partition.checkpoint().filter(named -> named.key().equals(checkpoint)).isPresent();
  }

  /** One that holds something of what clients write. */
  private static @Nullable ObjectInfo largest(SimulatedCluster cluster, MetadataImage image) {
    return image.objects().values().stream()
        .filter(
            object -> cluster.ledger().live().stream().anyMatch(each -> object.mayHold(each.id())))
        .max(Comparator.comparingLong(ObjectInfo::sizeBytes).thenComparing(ObjectInfo::key))
        .orElse(null);
  }

  private static Bit ofBatches(
      SimulatedCluster cluster, ObjectInfo object, SplittableRandom random) {
    ByteBuffer body = cluster.store().body(object.key());
    Footer footer =
        FooterCodec.decode(
            object.key(), body.slice((int) object.footerPosition(), object.footerBytes()));
    PartitionFooter part =
        footer.partitions().stream()
            .filter(each -> cluster.ledger().knows(each.partition()))
            .findFirst()
            .orElseThrow();
    // of the records of a batch, which its CRC covers
    long position = part.runs().getFirst().position() + 61 + random.nextInt(4);
    return new Bit(object.key(), position * 8 + random.nextInt(8), Set.of(part.partition()));
  }
}
