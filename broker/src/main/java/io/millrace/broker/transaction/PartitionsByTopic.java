package io.millrace.broker.transaction;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** Partitions as requests group them. */
final class PartitionsByTopic {
  private PartitionsByTopic() {}

  static Map<String, List<Integer>> of(Collection<TopicPartition> partitions) {
    Map<String, List<Integer>> topics = new LinkedHashMap<>();
    for (TopicPartition each : partitions) {
      topics.computeIfAbsent(each.topic(), _ -> new ArrayList<>()).add(each.partition());
    }
    return topics;
  }
}
