package io.millrace.storage.cluster;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Moves first places of replica lists from the live brokers that have most to those that have least
 * and are not in the list, until the counts differ by a tenth of the mean, or by one. Each move
 * lessens the sum of their squares, so it ends. Lists keep their length.
 */
final class LeaderSpread {
  private final Map<Integer, List<PartitionId>> first = new HashMap<>();
  private final Map<PartitionId, List<Integer>> lists = new HashMap<>();
  private final Map<PartitionId, List<Integer>> moved = new HashMap<>();
  private final Map<TopicNode, Integer> perTopic = new HashMap<>();
  private final List<Integer> live;
  private final int tolerance;

  private record TopicNode(Uuid topic, int node) {}

  LeaderSpread(MetadataImage image) {
    live = List.copyOf(image.brokers().keySet());
    live.forEach(node -> first.put(node, new ArrayList<>()));
    int partitions = 0;
    for (Topic topic : image.topics().values()) {
      for (int number = 0; number < topic.partitions().size(); number++) {
        List<Integer> replicas = topic.partitions().get(number).replicas();
        int node = replicas.getFirst();
        List<PartitionId> of = first.get(node);
        if (of != null) { // those of a dead broker wait for it
          PartitionId id = new PartitionId(topic.id(), number);
          of.add(id);
          lists.put(id, replicas);
          perTopic.merge(new TopicNode(topic.id(), node), 1, Integer::sum);
          partitions++;
        }
      }
    }
    tolerance = Math.max(1, partitions / live.size() / 10);
  }

  Map<PartitionId, List<Integer>> moves(int movesMax) {
    while (moved.size() < movesMax && isUneven() && moveOne()) {}
    return moved;
  }

  private boolean isUneven() {
    int most = live.stream().mapToInt(this::count).max().orElse(0);
    int least = live.stream().mapToInt(this::count).min().orElse(0);
    return most - least > tolerance;
  }

  private int count(int node) {
    return first.getOrDefault(node, List.of()).size();
  }

  private boolean moveOne() {
    List<Integer> byCount =
        live.stream().sorted((a, b) -> count(a) != count(b) ? count(a) - count(b) : a - b).toList();
    for (int to : byCount) {
      for (int from : byCount.reversed()) {
        if (count(from) - count(to) >= 2) {
          PartitionId id = best(from, to);
          if (id != null) {
            move(id, from, to);
            return true;
          }
        }
      }
    }
    return false;
  }

  /** Of the topic that is least evenly spread over the two. */
  private @Nullable PartitionId best(int from, int to) {
    PartitionId best = null;
    int most = Integer.MIN_VALUE;
    for (PartitionId id : first.getOrDefault(from, List.of())) {
      int skew =
          perTopic.getOrDefault(new TopicNode(id.topicId(), from), 0)
              - perTopic.getOrDefault(new TopicNode(id.topicId(), to), 0);
      if (skew > most && !lists.getOrDefault(id, List.of()).contains(to)) {
        best = id;
        most = skew;
      }
    }
    return best;
  }

  private void move(PartitionId id, int from, int to) {
    List<Integer> before = lists.getOrDefault(id, List.of());
    List<Integer> after = new ArrayList<>(before.size());
    after.add(to);
    after.addAll(before.subList(0, before.size() - 1));
    first.getOrDefault(from, new ArrayList<>()).remove(id);
    first.getOrDefault(to, new ArrayList<>()).add(id);
    perTopic.merge(new TopicNode(id.topicId(), from), -1, Integer::sum);
    perTopic.merge(new TopicNode(id.topicId(), to), 1, Integer::sum);
    lists.put(id, List.copyOf(after));
    moved.put(id, List.copyOf(after));
  }
}
