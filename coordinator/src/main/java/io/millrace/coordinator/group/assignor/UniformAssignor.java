package io.millrace.coordinator.group.assignor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
    members.forEach((id, spec) -> shares.put(id, new Shares(id)));
    Map<Uuid, List<Shares>> subscribers = subscribers(members, partitions, shares);
    Map<Uuid, Set<Integer>> taken = keepCurrent(members, subscribers, partitions, shares);
    boolean alike = members.values().stream().map(MemberSpec::topics).distinct().count() <= 1;
    if (alike) {
      releaseSurplus(shares, subscribers, partitions, taken);
    }
    handOut(subscribers, partitions, taken);
    balance(subscribers, partitions);
    Map<String, Map<Uuid, Set<Integer>>> assigned = new TreeMap<>();
    shares.forEach((id, share) -> assigned.put(id, share.partitions()));
    return assigned;
  }

  private static Map<Uuid, List<Shares>> subscribers(
      Map<String, MemberSpec> members, Map<Uuid, Integer> partitions, Map<String, Shares> shares) {
    Map<Uuid, List<Shares>> subscribers = new TreeMap<>();
    shares.forEach((id, share) -> {
      for (Uuid topic : members.get(id).topics()) {
        if (partitions.containsKey(topic)) {
          subscribers.computeIfAbsent(topic, t -> new ArrayList<>()).add(share);
        }
      }
    });
    return subscribers;
  }

  /** What members have and may keep; the first in their order, should two have the same. */
  private static Map<Uuid, Set<Integer>> keepCurrent(
      Map<String, MemberSpec> members,
      Map<Uuid, List<Shares>> subscribers,
      Map<Uuid, Integer> partitions,
      Map<String, Shares> shares) {
    Map<Uuid, Set<Integer>> taken = new TreeMap<>();
    subscribers.keySet().forEach(topic -> taken.put(topic, new HashSet<>()));
    shares.forEach((id, share) -> {
      MemberSpec spec = members.get(id);
      spec.current()
          .forEach((topic, numbers) -> {
            Integer count = partitions.get(topic);
            if (count != null && spec.topics().contains(topic)) {
              numbers.stream()
                  .filter(p -> p < count && taken.get(topic).add(p))
                  .forEach(p -> share.add(topic, p));
            }
          });
    });
    return taken;
  }

  /** All may have the same number, or one more as long as there are more: the rest is let go. */
  private static void releaseSurplus(
      Map<String, Shares> shares,
      Map<Uuid, List<Shares>> subscribers,
      Map<Uuid, Integer> partitions,
      Map<Uuid, Set<Integer>> taken) {
    int total = subscribers.keySet().stream().mapToInt(partitions::get).sum();
    int least = shares.isEmpty() ? 0 : total / shares.size();
    int extras = shares.isEmpty() ? 0 : total % shares.size();
    for (Shares share : shares.values()) {
      boolean extra = extras > 0 && share.size() > least;
      if (extra) {
        extras--;
      }
      share.shrinkTo(extra ? least + 1 : least, (topic, p) -> taken.get(topic).remove(p));
    }
  }

  /** What nobody has goes to who has least; topics with few to choose from come first. */
  private static void handOut(
      Map<Uuid, List<Shares>> subscribers,
      Map<Uuid, Integer> partitions,
      Map<Uuid, Set<Integer>> taken) {
    List<Map.Entry<Uuid, List<Shares>>> topics = new ArrayList<>(subscribers.entrySet());
    topics.sort(Comparator.comparingInt(each -> each.getValue().size()));
    for (Map.Entry<Uuid, List<Shares>> topic : topics) {
      Lightest lightest = new Lightest(topic.getValue());
      for (int p = 0; p < partitions.get(topic.getKey()); p++) {
        if (!taken.get(topic.getKey()).contains(p)) {
          lightest.give(topic.getKey(), p);
        }
      }
    }
  }

  /**
   * Moves partitions from subscribers with many to subscribers with few. Each move makes numbers
   * more equal, so there are no more rounds than partitions.
   */
  private static void balance(Map<Uuid, List<Shares>> subscribers, Map<Uuid, Integer> partitions) {
    int roundsMax = 1 + partitions.values().stream().mapToInt(Integer::intValue).sum();
    boolean moved = true;
    for (int round = 0; moved && round < roundsMax; round++) {
      moved = false;
      for (Map.Entry<Uuid, List<Shares>> topic : subscribers.entrySet()) {
        moved |= moveOne(topic.getKey(), topic.getValue());
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
