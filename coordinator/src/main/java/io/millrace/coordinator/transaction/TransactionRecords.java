package io.millrace.coordinator.transaction;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.RecordTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.coordinator.transaction.generated.CoordinatorRecordType;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogKey;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogValue;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogValue.PartitionsSchema;
import org.jspecify.annotations.Nullable;

/** Records of transactional ids, to and from the state they describe. */
final class TransactionRecords {
  static final RecordTypes TYPES =
      id -> {
        CoordinatorRecordType type = CoordinatorRecordType.fromId(id);
        return new RecordTypes.RecordType(
            type::newRecordKey,
            type::newRecordValue,
            type.lowestSupportedVersion(),
            type.highestSupportedVersion());
      };

  /** Has no place for what transaction versions above 0 need. */
  private static final int PLAIN_VERSION = 0;

  private static final int TAGGED_VERSION = 1;

  private TransactionRecords() {}

  /**
   * @param transactionVersion the cluster's
   */
  static CoordinatorRecord state(Transaction transaction, int transactionVersion) {
    boolean tagged = transactionVersion > 0 || transaction.clientVersion() > 0;
    TransactionLogValue value =
        new TransactionLogValue()
            .setProducerId(transaction.producerId())
            .setProducerEpoch(transaction.producerEpoch())
            .setTransactionTimeoutMs(transaction.timeoutMs())
            .setTransactionStatus(transaction.state().id())
            .setTransactionPartitions(
                transaction.state() == TransactionState.EMPTY ? null : topics(transaction))
            .setTransactionStartTimestampMs(transaction.startMs())
            .setTransactionLastUpdateTimestampMs(transaction.updatedMs());
    if (tagged) {
      value
          .setPreviousProducerId(transaction.previousProducerId())
          .setNextProducerId(transaction.nextProducerId())
          .setClientTransactionVersion(transaction.clientVersion());
    }
    return CoordinatorRecord.of(
        key(transaction.transactionalId()), tagged ? TAGGED_VERSION : PLAIN_VERSION, value);
  }

  static CoordinatorRecord tombstone(String transactionalId) {
    return CoordinatorRecord.tombstone(key(transactionalId));
  }

  private static TransactionLogKey key(String transactionalId) {
    return new TransactionLogKey().setTransactionalId(transactionalId);
  }

  private static List<PartitionsSchema> topics(Transaction transaction) {
    Map<String, PartitionsSchema> topics = new LinkedHashMap<>();
    for (TopicPartition partition : transaction.partitions()) {
      topics
          .computeIfAbsent(partition.topic(), topic -> new PartitionsSchema().setTopic(topic))
          .partitionIds()
          .add(partition.partition());
    }
    return new ArrayList<>(topics.values());
  }

  static Transaction transaction(String transactionalId, TransactionLogValue value) {
    return new Transaction(
        transactionalId,
        value.producerId(),
        value.previousProducerId(),
        value.nextProducerId(),
        value.producerEpoch(),
        value.transactionTimeoutMs(),
        TransactionState.ofId(value.transactionStatus()),
        partitions(value.transactionPartitions()),
        value.transactionStartTimestampMs(),
        value.transactionLastUpdateTimestampMs(),
        value.clientTransactionVersion());
  }

  private static Set<TopicPartition> partitions(@Nullable List<PartitionsSchema> topics) {
    Set<TopicPartition> partitions = new LinkedHashSet<>();
    if (topics != null) {
      for (PartitionsSchema topic : topics) {
        topic.partitionIds().forEach(p -> partitions.add(new TopicPartition(topic.topic(), p)));
      }
    }
    return partitions;
  }
}
