package io.millrace.coordinator.group;

import io.millrace.coordinator.group.classic.ClassicSettings;
import io.millrace.coordinator.group.consumer.ConsumerSettings;

/** Limits of groups; names and meanings as Kafka's group.* and offset.* broker keys. */
public record GroupSettings(
    ClassicSettings classic,
    ConsumerSettings consumer,
    int offsetMetadataBytesMax,
    long offsetsRetentionMs,
    long offsetsRetentionCheckMs) {}
