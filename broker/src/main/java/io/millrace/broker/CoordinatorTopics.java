package io.millrace.broker;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.GroupKeys;
import io.millrace.broker.config.TransactionKeys;
import io.millrace.coordinator.InternalTopics;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.storage.metadata.MetadataImage;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.config.TopicConfig;

/** The coordinators' topics, with the configs Kafka gives them; made when first asked for. */
record CoordinatorTopics(InternalTopics topics, BrokerConfig config) {
  private static final String OFFSETS_SEGMENT_BYTES = "104857600";

  CompletableFuture<MetadataImage.Topic> groups() {
    return topics.ensure(
        GroupCoordinator.TOPIC,
        config.get(GroupKeys.OFFSETS_TOPIC_PARTITIONS),
        config.get(GroupKeys.OFFSETS_TOPIC_REPLICATION_FACTOR),
        Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG,
            TopicConfig.CLEANUP_POLICY_COMPACT,
            TopicConfig.COMPRESSION_TYPE_CONFIG,
            "producer",
            TopicConfig.SEGMENT_BYTES_CONFIG,
            OFFSETS_SEGMENT_BYTES));
  }

  CompletableFuture<MetadataImage.Topic> transactions() {
    return topics.ensure(
        TransactionCoordinator.TOPIC,
        config.get(TransactionKeys.STATE_TOPIC_PARTITIONS),
        config.get(TransactionKeys.STATE_TOPIC_REPLICATION_FACTOR),
        Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG,
            TopicConfig.CLEANUP_POLICY_COMPACT,
            TopicConfig.COMPRESSION_TYPE_CONFIG,
            "uncompressed",
            TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG,
            "false",
            TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG,
            Integer.toString(config.get(TransactionKeys.STATE_TOPIC_MIN_ISR)),
            TopicConfig.SEGMENT_BYTES_CONFIG,
            Integer.toString(config.get(TransactionKeys.STATE_TOPIC_SEGMENT_BYTES))));
  }
}
