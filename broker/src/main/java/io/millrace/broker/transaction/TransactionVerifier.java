package io.millrace.broker.transaction;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;

/**
 * Asks a transaction's coordinator, this broker or another one, whether partitions are part of the
 * open transaction (KIP-890). Any thread may call.
 */
public interface TransactionVerifier {
  /**
   * Verifies that the transaction holds these partitions, or adds those that it does not hold.
   *
   * @param addIfAbsent whether the client leaves adding to the brokers, as of transaction version 2
   * @return never fails; an answer per partition that was asked for. NONE: it is in the open
   *     transaction of this producer id and epoch. To be tried again by the client:
   *     CONCURRENT_TRANSACTIONS, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
   *     NOT_COORDINATOR, NETWORK_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION; OPERATION_NOT_ATTEMPTED
   *     where another partition failed. Final: the others, INVALID_PRODUCER_EPOCH where the
   *     producer was fenced and TRANSACTION_ABORTABLE where the partition is not in the transaction
   */
  CompletableFuture<Map<TopicPartition, Errors>> verifyOrAdd(
      String transactionalId,
      long producerId,
      short producerEpoch,
      Collection<TopicPartition> partitions,
      boolean addIfAbsent);
}
