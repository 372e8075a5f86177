package io.millrace.storage.cluster;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.ReplicasChanged;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which records bring leadership to where it is meant to be: to the first live replica, and with a
 * fair share for every live broker. Pure; applied to the end it has nothing left to say. It moves
 * nothing by itself: leaders obey targets, and replica lists hold no data.
 */
final class LeaderBalance {
  private final MetadataImage image;
  private final Map<PartitionId, List<Integer>> moved;
  private final List<MetadataRecord> records = new ArrayList<>();

  private LeaderBalance(MetadataImage image, Map<PartitionId, List<Integer>> moved) {
    this.image = image;
    this.moved = moved;
  }

  /**
   * @param balance false: only targets that are dead are taken back
   * @param recordsMax the rest of a longer plan comes up again once this part is applied
   */
  static List<MetadataRecord> plan(MetadataImage image, boolean balance, int recordsMax) {
    if (image.brokers().isEmpty()) {
      return List.of();
    }
    Map<PartitionId, List<Integer>> moved =
        balance ? new LeaderSpread(image).moves(recordsMax) : Map.of();
    LeaderBalance plan = new LeaderBalance(image, moved);
    for (Topic topic : image.topics().values()) {
      for (int number = 0; number < topic.partitions().size(); number++) {
        plan.add(new PartitionId(topic.id(), number), topic.partitions().get(number), balance);
        if (plan.records.size() >= recordsMax) {
          return List.copyOf(plan.records.subList(0, recordsMax));
        }
      }
    }
    return List.copyOf(plan.records);
  }

  private void add(PartitionId id, Partition partition, boolean balance) {
    List<Integer> replicas = moved.getOrDefault(id, partition.replicas());
    if (moved.containsKey(id)) {
      records.add(new ReplicasChanged(id, partition.replicas(), replicas));
    }
    Integer leader = leader(partition);
    if (leader == null) {
      return; // its recovery gives it one
    }
    Optional<Integer> target = partition.targetLeader();
    boolean targetLives = target.isPresent() && image.brokers().containsKey(target.get());
    int meant = balance ? firstLive(replicas).orElse(leader) : leader;
    if (moved.containsKey(id)) {
      // A leader outside the new list gets this target as the effect of the new list.
      if (meant != leader && replicas.contains(leader)) {
        records.add(new TargetLeaderSet(id, meant));
      }
    } else if (target.isPresent() ? !targetLives : meant != leader) {
      records.add(new TargetLeaderSet(id, meant));
    }
  }

  private @Nullable Integer leader(Partition partition) {
    Incarnation leader = partition.leader().map(image.incarnations()::get).orElse(null);
    return leader == null ? null : leader.nodeId();
  }

  private Optional<Integer> firstLive(List<Integer> replicas) {
    return replicas.stream().filter(image.brokers()::containsKey).findFirst();
  }
}
