package io.millrace.coordinator.transaction;

import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * A transaction whose outcome is decided and durable, and whose partitions are to learn of it.
 *
 * @param coordinatorEpoch leader epoch of the coordinator's partition
 * @param producerEpoch the markers', from transaction version 2 on above that of the transaction
 */
public record TransactionEnd(
    String transactionalId,
    int coordinatorEpoch,
    long producerId,
    short producerEpoch,
    boolean committed,
    short transactionVersion,
    Set<TopicPartition> partitions) {}
