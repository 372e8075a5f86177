package io.millrace.simulation;

import io.millrace.simulation.GroupLedger.Asked;
import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.protocol.Errors;

/** A look-up of what a group has committed, and what its answer may say. */
record OffsetCheck(GroupLedger group, TreeMap<PartitionId, Asked> asked) {
  static final int VERSION = 10;

  static OffsetCheck of(GroupLedger group, Collection<PartitionId> partitions) {
    TreeMap<PartitionId, Asked> asked = new TreeMap<>();
    partitions.forEach(partition -> asked.put(partition, group.asking(partition)));
    return new OffsetCheck(group, asked);
  }

  OffsetFetchRequestData request() {
    List<OffsetFetchRequestTopics> topics = new ArrayList<>();
    asked
        .keySet()
        .forEach(partition ->
            topics.add(
                new OffsetFetchRequestTopics()
                    .setTopicId(partition.topicId())
                    .setPartitionIndexes(List.of(partition.partition()))));
    return new OffsetFetchRequestData()
        .setRequireStable(true)
        .setGroups(
            List.of(new OffsetFetchRequestGroup().setGroupId(group.name()).setTopics(topics)));
  }

  Errors error(OffsetFetchResponseData response) {
    OffsetFetchResponseGroup answer = response.groups().getFirst();
    return Errors.forCode(answer.errorCode());
  }

  /** Checks the answer unless a topic is gone; per partition what it says. */
  Map<PartitionId, OffsetFetchResponsePartitions> answered(
      OffsetFetchResponseData response, Predicate<PartitionId> gone) {
    Map<PartitionId, OffsetFetchResponsePartitions> answers = new TreeMap<>();
    for (OffsetFetchResponseTopics topic : response.groups().getFirst().topics()) {
      for (OffsetFetchResponsePartitions answer : topic.partitions()) {
        PartitionId partition = new PartitionId(topic.topicId(), answer.partitionIndex());
        Asked of = asked.get(partition);
        if (of == null) {
          throw new Violation("nobody asked for the offset of " + partition);
        }
        answers.put(partition, answer);
        if (answer.errorCode() == Errors.NONE.code() && !gone.test(partition)) {
          group.fetched(of, answer.committedOffset(), answer.metadata());
        }
      }
    }
    return answers;
  }
}
