package io.millrace.coordinator.group.assignor;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.Uuid;

/**
 * A member as an assignor sees it.
 *
 * @param instanceId of a static member
 * @param topics it is subscribed to
 * @param current what the last assignment gave it
 */
public record MemberSpec(
    Optional<String> instanceId, Set<Uuid> topics, Map<Uuid, Set<Integer>> current) {}
