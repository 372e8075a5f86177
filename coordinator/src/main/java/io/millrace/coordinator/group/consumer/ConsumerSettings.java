package io.millrace.coordinator.group.consumer;

import java.util.List;

/**
 * Limits of consumer groups; names and meanings as Kafka's group.consumer.* broker keys.
 *
 * @param assignors names in use, the default first
 */
public record ConsumerSettings(
    List<String> assignors, int membersMax, MigrationPolicy migrationPolicy) {

  public ConsumerSettings {
    assignors = List.copyOf(assignors);
    if (assignors.isEmpty()) {
      throw new IllegalArgumentException("no assignor");
    }
  }

  /** What a group of its own may set, with what the broker sets where it does not. */
  public record OfGroup(int sessionTimeoutMs, int heartbeatIntervalMs, int assignmentIntervalMs) {}
}
