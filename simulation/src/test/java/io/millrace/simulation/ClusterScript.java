package io.millrace.simulation;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.utils.Utils;

/** What scripts of single cases are made of. */
final class ClusterScript {
  static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
  static final int FULL_SPEED = 4;
  static final int SLOW = 40;

  private ClusterScript() {}

  /** A cluster of so many brokers, all up, without clients. */
  static SimulatedCluster cluster(long seed, int size, int members, int slowness) {
    SimulatedCluster cluster =
        new SimulatedCluster(seed, size, slowness, ClusterProcess::start, line -> {});
    for (int node = 1; node <= members; node++) {
      cluster.join(node);
    }
    cluster.awaitSettled();
    return cluster;
  }

  /** One with clients, and topics. */
  static SimulatedCluster started(long seed, int size, int slowness) {
    return started(seed, size, size, slowness);
  }

  static SimulatedCluster started(long seed, int size, int members, int slowness) {
    SimulatedCluster cluster = cluster(seed, size, members, slowness);
    cluster.addClients(2, 1, 2, false);
    run(cluster, 3);
    cluster.await(() -> cluster.ledger().batches() > 20, "the first batches");
    return cluster;
  }

  /** Three brokers that all lead what is written to. */
  static SimulatedCluster busy(long seed, int slowness) {
    SimulatedCluster cluster = cluster(seed, 3, 3, slowness);
    cluster.addProducer(true);
    cluster.addProducer(false);
    cluster.addTopics(2, OptionalInt.of(4), false);
    cluster.await(
        () -> registered(cluster).stream().allMatch(writer -> cluster.truth().entries(writer) > 0),
        "the first entry of each");
    run(cluster, 5);
    return cluster;
  }

  /** Entries that are not published, in order. */
  static List<String> unpublished(SimulatedCluster cluster, WriterId writer) {
    long trim = Objects.requireNonNull(cluster.watch().newest().incarnations().get(writer)).trim();
    return cluster.store().keys(Keys.walPrefix(writer)).stream()
        .filter(key -> Keys.number(key) > trim)
        .toList();
  }

  /** As a retry that comes late; where it is said to lie is checked like any answer. */
  static void repeatLast(SimulatedCluster cluster, Producer producer) {
    int[] answered = new int[1];
    cluster.await(
        () -> {
          if (answered[0] == 0) {
            answered[0] = -1;
            producer.repeatLast(count -> answered[0] = Math.max(0, answered[0]) + count);
          }
          return answered[0] > 0;
        },
        "the answer to a batch sent again");
  }

  /** It reaches the store and clients, but no other broker, nor they it. */
  static void cut(SimulatedCluster cluster, BrokerHost host, long seconds) {
    for (BrokerHost other : cluster.hosts().all()) {
      cluster.network().breakWay(host.name(), other.name(), seconds * SECOND_NS);
      cluster.network().breakWay(other.name(), host.name(), seconds * SECOND_NS);
    }
  }

  static void run(SimulatedCluster cluster, long seconds) {
    cluster.stepper().runFor(seconds * SECOND_NS);
  }

  static WriterId writer(BrokerHost host) {
    return Objects.requireNonNull(host.process(), "is down").writer();
  }

  /** Node id of one that leads. */
  static int leading(SimulatedCluster cluster) {
    MetadataImage image = cluster.watch().newest();
    return image.topics().values().stream()
        .flatMap(topic -> topic.partitions().stream())
        .map(Partition::leader)
        .flatMap(leader -> leader.stream())
        .map(writer -> Objects.requireNonNull(image.incarnations().get(writer)).nodeId())
        .max(Integer::compare)
        .orElseThrow();
  }

  /** The node that leads most of what clients write to. */
  static int leadingMost(SimulatedCluster cluster) {
    MetadataImage image = cluster.watch().newest();
    Map<Integer, Integer> led = new TreeMap<>();
    for (PartitionLedger each : cluster.ledger().live()) {
      WriterId leader = Objects.requireNonNull(image.partition(each.id())).leader().orElseThrow();
      led.merge(Objects.requireNonNull(image.incarnations().get(leader)).nodeId(), 1, Integer::sum);
    }
    return Collections.max(led.entrySet(), Map.Entry.comparingByValue()).getKey();
  }

  /** Who leads the partition of a group. */
  static BrokerHost coordinator(SimulatedCluster cluster, GroupLedger group) {
    MetadataImage image = cluster.watch().newest();
    MetadataImage.Topic offsets =
        Objects.requireNonNull(image.topic(Topic.GROUP_METADATA_TOPIC_NAME));
    int partition = Utils.abs(group.name().hashCode()) % offsets.partitions().size();
    WriterId leader = offsets.partitions().get(partition).leader().orElseThrow();
    return Objects.requireNonNull(cluster.hosts().of(leader));
  }

  static boolean hasState(SimulatedCluster cluster, WriterId writer, IncarnationState state) {
    var incarnation = cluster.watch().newest().incarnations().get(writer);
    return incarnation == null
        ? state == IncarnationState.RECOVERED
        : incarnation.state().compareTo(state) >= 0;
  }

  static Set<WriterId> registered(SimulatedCluster cluster) {
    return Set.copyOf(cluster.watch().newest().brokers().values());
  }
}
