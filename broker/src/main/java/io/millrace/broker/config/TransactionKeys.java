package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int16;
import static io.millrace.broker.config.KeyDeclaration.int32;

import java.util.List;

/** Transactions and their coordinator. */
public final class TransactionKeys {
  public static final ConfigKey<Integer> ID_EXPIRATION_MS =
      int32("transactional.id.expiration.ms", 604800000)
          .atLeast(1)
          .inForce("Idle time after which a transactional id is forgotten.");
  public static final ConfigKey<Integer> TIMEOUT_MAX_MS =
      int32("transaction.max.timeout.ms", 900000)
          .atLeast(1)
          .inForce("Longest transaction timeout a producer may ask for.");
  public static final ConfigKey<Integer> ABORT_CHECK_MS =
      int32("transaction.abort.timed.out.transaction.cleanup.interval.ms", 10000)
          .atLeast(1)
          .inForce("How often timed-out transactions are aborted.");
  public static final ConfigKey<Integer> EXPIRATION_CHECK_MS =
      int32("transaction.remove.expired.transaction.cleanup.interval.ms", 3600000)
          .atLeast(1)
          .inForce("How often expired transactional ids are removed.");
  public static final ConfigKey<Integer> STATE_TOPIC_MIN_ISR =
      int32("transaction.state.log.min.isr", 2)
          .atLeast(1)
          .inForce("The min.insync.replicas of __transaction_state when it is created.");
  public static final ConfigKey<Integer> STATE_TOPIC_PARTITIONS =
      int32("transaction.state.log.num.partitions", 50)
          .atLeast(1)
          .inForce("Partitions of __transaction_state when it is created.");
  public static final ConfigKey<Integer> STATE_TOPIC_REPLICATION_FACTOR =
      int16("transaction.state.log.replication.factor", 3)
          .atLeast(1)
          .inForce(
              "Most replicas in the lists of __transaction_state when it is created; as many as"
                  + " brokers live if that is fewer.");
  public static final ConfigKey<Integer> STATE_TOPIC_SEGMENT_BYTES =
      int32("transaction.state.log.segment.bytes", 104857600)
          .atLeast(1)
          .inForce("The segment.bytes of __transaction_state when it is created.");
  public static final ConfigKey<Integer> ADD_PARTITIONS_RETRY_BACKOFF_MS =
      int32("add.partitions.to.txn.retry.backoff.ms", 20)
          .atLeast(1)
          .inForce(
              "Pause before a broker tries again to add a partition to a transaction whose"
                  + " predecessor is still being ended.");
  public static final ConfigKey<Integer> ADD_PARTITIONS_RETRY_BACKOFF_MAX_MS =
      int32("add.partitions.to.txn.retry.backoff.max.ms", 100)
          .atLeast(0)
          .inForce("How long it does so before the producer is told to try again.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          ID_EXPIRATION_MS,
          TIMEOUT_MAX_MS,
          flag("transaction.partition.verification.enable", true)
              .clusterWide()
              .accepted(
                  Reasons.ALWAYS_VERIFIED,
                  "Whether a write is checked to belong to an open transaction."),
          flag("transaction.two.phase.commit.enable", false)
              .accepted(Reasons.TWO_PHASE_LATER, "Whether transactions may be part of outer ones."),
          ABORT_CHECK_MS,
          EXPIRATION_CHECK_MS,
          int32("transaction.state.log.load.buffer.size", 5242880)
              .atLeast(1)
              .accepted(Reasons.FIXED_LOADS, "Bytes read at once when a coordinator loads."),
          STATE_TOPIC_MIN_ISR,
          STATE_TOPIC_PARTITIONS,
          STATE_TOPIC_REPLICATION_FACTOR,
          STATE_TOPIC_SEGMENT_BYTES,
          ADD_PARTITIONS_RETRY_BACKOFF_MS,
          ADD_PARTITIONS_RETRY_BACKOFF_MAX_MS);

  private TransactionKeys() {}
}
