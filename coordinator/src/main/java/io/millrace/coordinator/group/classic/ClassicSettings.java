package io.millrace.coordinator.group.classic;

/** Limits of classic groups; names and meanings as Kafka's group.* broker keys. */
public record ClassicSettings(
    int sessionTimeoutMinMs,
    int sessionTimeoutMaxMs,
    int initialRebalanceDelayMs,
    int membersMax) {}
