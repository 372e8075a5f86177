package io.millrace.coordinator.group;

/** Limits of classic groups; names and meanings as Kafka's group.* and offset.* broker keys. */
public record GroupSettings(
    int sessionTimeoutMinMs,
    int sessionTimeoutMaxMs,
    int initialRebalanceDelayMs,
    int membersMax,
    int offsetMetadataBytesMax) {}
