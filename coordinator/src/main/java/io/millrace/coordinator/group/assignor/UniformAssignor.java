package io.millrace.coordinator.group.assignor;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;

/**
 * As many partitions for every member as can be, and as few moves as that takes. Where all members
 * subscribe to the same topics, their numbers differ by one at most; otherwise no move from one
 * subscriber of a topic to another makes their numbers more equal.
 */
public final class UniformAssignor implements Assignor {
  public static final String NAME = "uniform";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Map<Uuid, Set<Integer>>> assign(
      Map<String, MemberSpec> members, Map<Uuid, Integer> partitions) {
    Map<String, Shares> shares = new TreeMap<>();
    members.keySet().forEach(id -> shares.put(id, new Shares(id)));
    Map<Uuid, Topic> topics = topics(members, partitions, shares);
    keepCurrent(members, topics, shares);
    handOut(topics);
    balance(topics.values());
    Map<String, Map<Uuid, Set<Integer>>> assigned = new TreeMap<>();
    shares.forEach((id, share) -> assigned.put(id, share.partitions()));
    return assigned;
  }

  /**
   * A topic with a subscriber.
   *
   * @param taken partitions that somebody has
   */
  private record Topic(Uuid id, int partitions, List<Shares> subscribers, Set<Integer> taken) {}

  private static Map<Uuid, Topic> topics(
      Map<String, MemberSpec> members, Map<Uuid, Integer> partitions, Map<String, Shares> shares) {
    Map<Uuid, Topic> topics = new TreeMap<>();
    shares.forEach((id, share) -> {
      for (Uuid topic : spec(members, id).topics()) {
        Integer count = partitions.get(topic);
        if (count != null) {
          topics
              .computeIfAbsent(topic, t -> new Topic(t, count, new ArrayList<>(), new HashSet<>()))
              .subscribers()
              .add(share);
        }
      }
    });
    return topics;
  }

  private static MemberSpec spec(Map<String, MemberSpec> members, String id) {
    return Objects.requireNonNull(members.get(id));
  }

  /** What members have and may keep; the first in their order, should two have the same. */
  private static void keepCurrent(
      Map<String, MemberSpec> members, Map<Uuid, Topic> topics, Map<String, Shares> shares) {
    shares.forEach((id, share) -> {
      MemberSpec spec = spec(members, id);
      spec.current()
          .forEach((uuid, numbers) -> {
            Topic topic = topics.get(uuid);
            if (topic != null && spec.topics().contains(uuid)) {
              numbers.stream()
                  .filter(p -> p < topic.partitions() && topic.taken().add(p))
                  .forEach(p -> share.add(uuid, p));
            }
          });
    });
  }

  /** What nobody has goes to who has least; topics with few to choose from come first. */
  private static void handOut(Map<Uuid, Topic> topics) {
    List<Topic> fewFirst = new ArrayList<>(topics.values());
    fewFirst.sort(Comparator.comparingInt(each -> each.subscribers().size()));
    for (Topic topic : fewFirst) {
      Lightest lightest = new Lightest(topic.subscribers());
      for (int p = 0; p < topic.partitions(); p++) {
        if (!topic.taken().contains(p)) {
          lightest.give(topic.id(), p);
        }
      }
    }
  }

  /**
   * Moves partitions from subscribers with many to subscribers with few. Each move makes numbers
   * more equal, so there are no more rounds than partitions.
   */
  private static void balance(Collection<Topic> topics) {
    int roundsMax = 1 + topics.stream().mapToInt(Topic::partitions).sum();
    boolean moved = true;
    for (int round = 0; moved && round < roundsMax; round++) {
      moved = false;
      for (Topic topic : topics) {
        moved |= moveOne(topic.id(), topic.subscribers());
      }
    }
  }

  private static boolean moveOne(Uuid topic, List<Shares> subscribers) {
    Shares most = null;
    Shares least = subscribers.getFirst();
    for (Shares each : subscribers) {
      if (each.size() < least.size()) {
        least = each;
      }
      if (each.has(topic) && (most == null || each.size() > most.size())) {
        most = each;
      }
    }
    if (most == null || most.size() < least.size() + 2) {
      return false;
    }
    least.add(topic, most.takeLast(topic));
    return true;
  }
}
