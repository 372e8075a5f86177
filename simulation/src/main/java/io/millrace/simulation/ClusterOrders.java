package io.millrace.simulation;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.metadata.MetadataRecord.ReplicasChanged;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What an operator asks of a cluster, through the metadata log of any broker. */
final class ClusterOrders {
  private final ClusterHosts hosts;
  private final Ledger ledger;
  private final ClusterWatch watch;
  private final Story story;
  private final Coverage coverage;

  ClusterOrders(
      ClusterHosts hosts, Ledger ledger, ClusterWatch watch, Story story, Coverage coverage) {
    this.hosts = hosts;
    this.ledger = ledger;
    this.watch = watch;
    this.story = story;
    this.coverage = coverage;
  }

  /** Another broker is to lead, or the replicas change, by order of any broker. */
  void handOver(SplittableRandom random) {
    MetadataImage image = watch.newest();
    PartitionId partition = anyPartitionOrCoordinator(random, image);
    BrokerHost host = hosts.anyRunning(random);
    Partition now = partition == null ? null : image.partition(partition);
    if (partition == null || host == null || now == null || image.brokers().isEmpty()) {
      return;
    }
    List<Integer> nodes = new ArrayList<>(image.brokers().keySet());
    Collections.shuffle(nodes, new Random(random.nextLong()));
    if (random.nextBoolean()) {
      story.tell(
          "%s orders node %d to lead %s".formatted(host.name(), nodes.getFirst(), partition));
      submitTarget(host, partition, nodes.getFirst());
    } else {
      List<Integer> replicas = nodes.subList(0, 1 + random.nextInt(nodes.size()));
      story.tell("%s orders replicas %s of %s".formatted(host.name(), replicas, partition));
      BrokerProcess process = host.process();
      if (process != null) {
        host.onPeerLoop(() ->
            process
                .metadata()
                .submit(new ReplicasChanged(partition, now.replicas(), List.copyOf(replicas))));
      }
    }
  }

  void submitTarget(BrokerHost host, PartitionId partition, int node) {
    BrokerProcess process = host.process();
    if (process != null) {
      host.onPeerLoop(() -> process.metadata().submit(new TargetLeaderSet(partition, node)));
    }
  }

  /** Something that changes nothing, so that time goes on in the metadata. */
  void tick(SplittableRandom random) {
    MetadataImage image = watch.newest();
    for (PartitionLedger partition : ledger.live()) {
      Partition now = image.partition(partition.id());
      BrokerHost host = hosts.anyRunning(random);
      Incarnation leader =
          now == null ? null : now.leader().map(image.incarnations()::get).orElse(null);
      if (host != null && now != null && leader != null && now.targetLeader().isEmpty()) {
        submitTarget(host, partition.id(), leader.nodeId());
        return;
      }
    }
  }

  /** Records before some offset go, by order of the leader. */
  void moveLogStart(SplittableRandom random) {
    PartitionLedger partition = anyPartition(random);
    if (partition != null && partition.end() > 0) {
      moveLogStart(
          partition,
          random.nextInt(3) == 0 ? partition.end() : random.nextLong(partition.end() + 1));
    }
  }

  void moveLogStart(PartitionLedger partition, long to) {
    Partition now = watch.newest().partition(partition.id());
    WriterId leader = now == null ? null : now.leader().orElse(null);
    BrokerHost host = leader == null ? null : hosts.of(leader);
    BrokerProcess process = host == null ? null : host.process();
    if (now == null || host == null || process == null || to <= now.logStart()) {
      return;
    }
    story.tell("%s is to start at %d".formatted(partition.id(), to));
    partition.movingLogStart(to);
    host.onPeerLoop(() ->
        process
            .metadata()
            .submit(new LogStartMoved(partition.id(), now.leaderEpoch(), to))
            .thenAccept(outcome -> {
              if (outcome instanceof Outcome.Applied) {
                coverage.count("log start moved", 1);
                partition.movedLogStart(to);
              }
            }));
  }

  /** Of the partitions coordinators live on as often as of all others. */
  private @Nullable PartitionId anyPartitionOrCoordinator(
      SplittableRandom random, MetadataImage image) {
    List<Topic> internal =
        image.topics().values().stream().filter(topic -> topic.name().startsWith("__")).toList();
    if (internal.isEmpty() || random.nextBoolean()) {
      PartitionLedger partition = anyPartition(random);
      return partition == null ? null : partition.id();
    }
    Topic topic = internal.get(random.nextInt(internal.size()));
    return new PartitionId(topic.id(), random.nextInt(topic.partitions().size()));
  }

  private @Nullable PartitionLedger anyPartition(SplittableRandom random) {
    List<PartitionLedger> live = ledger.live();
    return live.isEmpty() ? null : live.get(random.nextInt(live.size()));
  }
}
