package io.millrace.coordinator.group.assignor;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;

/**
 * Decides which member should have which partitions. Pure: the same input gives the same answer.
 * Every partition of a topic with a subscriber goes to exactly one of its subscribers.
 */
public interface Assignor {
  /** As clients and configurations name it. */
  String name();

  /**
   * The partitions of every member; none for a member that gets nothing.
   *
   * @param members by member id
   * @param partitions how many each topic has; topics that are not here do not exist
   */
  Map<String, Map<Uuid, Set<Integer>>> assign(
      Map<String, MemberSpec> members, Map<Uuid, Integer> partitions);
}
