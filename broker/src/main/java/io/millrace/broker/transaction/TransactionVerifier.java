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
   * @return the answer per partition in the terms a producer understands, for each that was asked
   *     for; NONE means that the partition is in the open transaction of this producer id and
   *     epoch. Never fails: where the coordinator cannot be reached in time the answer is one to
   *     try again.
   */
  CompletableFuture<Map<TopicPartition, Errors>> verifyOrAdd(
      String transactionalId,
      long producerId,
      short producerEpoch,
      Collection<TopicPartition> partitions,
      boolean addIfAbsent);
}
