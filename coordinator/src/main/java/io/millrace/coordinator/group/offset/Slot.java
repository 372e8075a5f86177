package io.millrace.coordinator.group.offset;

/** Topic name and partition, as the key of an offset's record has them. */
record Slot(String topic, int partition) {}
