package io.millrace.storage;

import org.apache.kafka.common.Uuid;

/**
 * A partition of a topic by the topic's id (invariant I10); orders as (topic id unsigned,
 * partition), the order of objects.
 */
public record PartitionId(Uuid topicId, int partition) implements Comparable<PartitionId> {
  @Override
  public int compareTo(PartitionId o) {
    int c =
        Long.compareUnsigned(topicId.getMostSignificantBits(), o.topicId.getMostSignificantBits());
    if (c == 0) {
      c =
          Long.compareUnsigned(
              topicId.getLeastSignificantBits(), o.topicId.getLeastSignificantBits());
    }
    return c != 0 ? c : Integer.compare(partition, o.partition);
  }

  @Override
  public String toString() {
    return topicId + "-" + partition;
  }
}
