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
import org.jspecify.annotations.Nullable;

/**
 * A look-up of what a group has committed, and what its answer may say.
 *
 * @param memberId who asks, null if it does not say
 * @param memberEpoch at which it asks, -1 if it does not say
 * @param refused the coordinator knows a later epoch of this member
 */
record OffsetCheck(
    GroupLedger group,
    TreeMap<PartitionId, Asked> asked,
    @Nullable String memberId,
    int memberEpoch,
    boolean refused) {
  static final int VERSION = 10;

  static OffsetCheck of(GroupLedger group, Collection<PartitionId> partitions) {
    TreeMap<PartitionId, Asked> asked = new TreeMap<>();
    partitions.forEach(partition -> asked.put(partition, group.asking(partition)));
    return new OffsetCheck(group, asked, null, -1, false);
  }

  OffsetCheck by(String member, int epoch) {
    return new OffsetCheck(group, asked, member, epoch, false);
  }

  /** Of a member that has been told a later epoch. */
  OffsetCheck refusedTo(String member, int epoch) {
    return new OffsetCheck(group, asked, member, epoch, true);
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
            List.of(
                new OffsetFetchRequestGroup()
                    .setGroupId(group.name())
                    .setMemberId(memberId)
                    .setMemberEpoch(memberEpoch)
                    .setTopics(topics)));
  }

  Errors error(OffsetFetchResponseData response) {
    OffsetFetchResponseGroup answer = response.groups().getFirst();
    return Errors.forCode(answer.errorCode());
  }

  /** Checks the answer unless a topic is gone; per partition what it says. */
  Map<PartitionId, OffsetFetchResponsePartitions> answered(
      OffsetFetchResponseData response, Predicate<PartitionId> gone) {
    if (refused && error(response) == Errors.NONE) {
      throw new Violation(
          "C3: %s of %s fetches offsets at the stale epoch %d"
              .formatted(memberId, group.name(), memberEpoch));
    }
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
