package io.millrace.coordinator.group.assignor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;

/**
 * Topic by topic a run of neighbouring partitions for each subscriber, in the same order of members
 * for every topic: topics with as many partitions and the same subscribers are assigned alike, so
 * that a member has the same numbers of both.
 */
public final class RangeAssignor implements Assignor {
  public static final String NAME = "range";

  /** Static members first, by what outlasts a restart. */
  private static final Comparator<Map.Entry<String, MemberSpec>> ORDER =
      Comparator.comparing(
              (Map.Entry<String, MemberSpec> each) -> each.getValue().instanceId().isEmpty())
          .thenComparing(each -> each.getValue().instanceId().orElse(""))
          .thenComparing(Map.Entry::getKey);

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Map<Uuid, Set<Integer>>> assign(
      Map<String, MemberSpec> members, Map<Uuid, Integer> partitions) {
    Map<String, Map<Uuid, Set<Integer>>> assigned = new TreeMap<>();
    Map<Uuid, List<String>> subscribers = new TreeMap<>();
    members.entrySet().stream()
        .sorted(ORDER)
        .forEach(each -> {
          assigned.put(each.getKey(), new TreeMap<>());
          for (Uuid topic : each.getValue().topics()) {
            subscribers.computeIfAbsent(topic, t -> new ArrayList<>()).add(each.getKey());
          }
        });
    subscribers.forEach((topic, ids) -> {
      int count = partitions.getOrDefault(topic, 0);
      int next = 0;
      for (int i = 0; i < ids.size(); i++) {
        int share = count / ids.size() + (i < count % ids.size() ? 1 : 0);
        Set<Integer> run = new TreeSet<>();
        for (int end = next + share; next < end; next++) {
          run.add(next);
        }
        if (!run.isEmpty()) {
          assigned.computeIfAbsent(ids.get(i), id -> new TreeMap<>()).put(topic, run);
        }
      }
    });
    return assigned;
  }
}
