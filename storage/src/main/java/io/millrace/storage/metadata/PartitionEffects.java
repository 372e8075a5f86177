package io.millrace.storage.metadata;

import static java.util.Objects.requireNonNull;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataRecord.LeaderHandedOver;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.metadata.MetadataRecord.ReplicasChanged;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Leadership and log start of partitions. Leadership changes here only, and only as invariant I14
 * says.
 */
final class PartitionEffects {
  private PartitionEffects() {}

  static @Nullable String handedOver(ImageDraft draft, WriterId issuer, LeaderHandedOver r) {
    Partition partition = find(draft, r.partition());
    String reason = leadReason(partition, r.partition(), issuer, r.leaderEpoch());
    if (partition == null || reason != null) {
      return reason;
    }
    WriterId next = draft.brokers.get(r.newLeader());
    if (next == null || next.equals(issuer)) {
      return "broker %d cannot take over %s".formatted(r.newLeader(), r.partition());
    }
    replace(draft, r.partition(), led(partition, r.newLeader(), next));
    return null;
  }

  static @Nullable String targetLeaderSet(ImageDraft draft, TargetLeaderSet r) {
    Partition partition = find(draft, r.partition());
    if (partition == null) {
      return unknown(r.partition());
    }
    boolean leadsNow =
        partition.leader().isPresent()
            && partition.leader().get().equals(draft.brokers.get(r.targetLeader()));
    replace(
        draft,
        r.partition(),
        new Partition(
            partition.leader(),
            partition.lastLeader(),
            partition.leaderEpoch(),
            partition.partitionEpoch() + 1,
            partition.logStart(),
            partition.replicas(),
            leadsNow ? Optional.empty() : Optional.of(r.targetLeader()),
            partition.replicasBefore(),
            partition.checkpoint()));
    return null;
  }

  static @Nullable String replicasChanged(ImageDraft draft, ReplicasChanged r) {
    Partition p = find(draft, r.partition());
    if (p == null) {
      return unknown(r.partition());
    }
    if (!p.replicas().equals(r.before())) {
      return "the replicas of %s are %s, not %s".formatted(r.partition(), p.replicas(), r.before());
    }
    if (r.replicas().isEmpty() || new HashSet<>(r.replicas()).size() < r.replicas().size()) {
      return "replicas %s of %s".formatted(r.replicas(), r.partition());
    }
    replace(
        draft,
        r.partition(),
        new Partition(
            p.leader(),
            p.lastLeader(),
            p.leaderEpoch(),
            p.partitionEpoch() + 1,
            p.logStart(),
            List.copyOf(r.replicas()),
            target(draft, p, r.replicas()),
            before(draft, p, r.replicas()),
            p.checkpoint()));
    return null;
  }

  private static boolean isLeaving(ImageDraft draft, Partition p, List<Integer> replicas) {
    return p.leader().isPresent()
        && !replicas.contains(draft.incarnation(p.leader().get()).nodeId());
  }

  /** The list of which the leader that shall go was a part. */
  private static List<Integer> before(ImageDraft draft, Partition p, List<Integer> replicas) {
    if (!isLeaving(draft, p, replicas)) {
      return List.of();
    }
    return p.replicasBefore().isEmpty() ? p.replicas() : p.replicasBefore();
  }

  /** A leader outside the new list shall go; a target outside it is none any more. */
  private static Optional<Integer> target(ImageDraft draft, Partition p, List<Integer> replicas) {
    if (isLeaving(draft, p, replicas)) {
      return replicas.stream().filter(draft.brokers::containsKey).findFirst();
    }
    return p.targetLeader().filter(replicas::contains);
  }

  static @Nullable String logStartMoved(ImageDraft draft, WriterId issuer, LogStartMoved r) {
    Partition p = find(draft, r.partition());
    String reason = leadReason(p, r.partition(), issuer, r.leaderEpoch());
    if (p == null || reason != null) {
      return reason;
    }
    if (r.logStart() <= p.logStart()) {
      return "the log of %s starts at %d, it cannot move to %d"
          .formatted(r.partition(), p.logStart(), r.logStart());
    }
    replace(
        draft,
        r.partition(),
        new Partition(
            p.leader(),
            p.lastLeader(),
            p.leaderEpoch(),
            p.partitionEpoch() + 1,
            r.logStart(),
            p.replicas(),
            p.targetLeader(),
            p.replicasBefore(),
            p.checkpoint()));
    return null;
  }

  /** Its partitions have no leader until it is recovered. */
  static void removeLeader(ImageDraft draft, WriterId writer) {
    changeAll(
        draft,
        (_, p) ->
            p.leader().isPresent() && p.leader().get().equals(writer)
                ? new Partition(
                    Optional.empty(),
                    p.lastLeader(),
                    p.leaderEpoch(),
                    p.partitionEpoch() + 1,
                    p.logStart(),
                    p.replicas(),
                    p.targetLeader(),
                    p.replicasBefore(),
                    p.checkpoint())
                : p);
  }

  /**
   * The partitions a recovered incarnation led go to their first live replica, or to any live
   * broker.
   */
  static void reassign(ImageDraft draft, WriterId recovered) {
    changeAll(
        draft,
        (number, p) -> {
          if (p.leader().isPresent()
              || p.lastLeader().isEmpty()
              || !p.lastLeader().get().equals(recovered)) {
            return p;
          }
          int node = firstLive(draft, p.replicas(), number);
          WriterId leader = draft.brokers.get(node);
          return leader == null ? p : led(p, node, leader);
        });
  }

  /**
   * Node id of the first live replica; if none lives, of a live broker chosen by the partition's
   * number; -1 if no broker lives.
   */
  static int firstLive(ImageDraft draft, List<Integer> replicas, int partition) {
    for (int node : replicas) {
      if (draft.brokers.containsKey(node)) {
        return node;
      }
    }
    List<Integer> live = List.copyOf(draft.brokers.keySet());
    return live.isEmpty() ? -1 : live.get(partition % live.size());
  }

  static @Nullable Partition find(ImageDraft draft, PartitionId id) {
    Topic topic = draft.topics.get(id.topicId());
    return topic == null || id.partition() < 0 || id.partition() >= topic.partitions().size()
        ? null
        : topic.partitions().get(id.partition());
  }

  static void replace(ImageDraft draft, PartitionId id, Partition changed) {
    Topic topic = requireNonNull(draft.topics.get(id.topicId()));
    draft.topics = draft.topics.plus(id.topicId(), topic.with(id.partition(), changed));
  }

  private static Partition led(Partition p, int node, WriterId leader) {
    Optional<Integer> target = p.targetLeader().filter(wanted -> wanted != node);
    return new Partition(
        Optional.of(leader),
        Optional.of(leader),
        p.leaderEpoch() + 1,
        p.partitionEpoch() + 1,
        p.logStart(),
        p.replicas(),
        target,
        p.replicas().contains(node) ? List.of() : p.replicasBefore(),
        p.checkpoint());
  }

  private static void changeAll(
      ImageDraft draft, BiFunction<Integer, Partition, Partition> change) {
    for (Topic topic : draft.topics.values()) {
      Topic changed = topic;
      boolean any = false;
      int number = 0;
      for (Partition before : topic.partitions()) {
        Partition after = change.apply(number, before);
        if (!after.equals(before)) {
          changed = changed.with(number, after);
          any = true;
        }
        number++;
      }
      if (any) {
        draft.topics = draft.topics.plus(topic.id(), changed);
      }
    }
  }

  private static @Nullable String leadReason(
      @Nullable Partition partition, PartitionId id, WriterId issuer, int leaderEpoch) {
    if (partition == null) {
      return unknown(id);
    }
    boolean leads = partition.leader().isPresent() && partition.leader().get().equals(issuer);
    return leads && partition.leaderEpoch() == leaderEpoch
        ? null
        : "incarnation %s does not lead %s at epoch %d".formatted(issuer, id, leaderEpoch);
  }

  private static String unknown(PartitionId id) {
    return "partition %s does not exist".formatted(id);
  }
}
