package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int16;
import static io.millrace.broker.config.KeyDeclaration.int32;

import java.util.List;

/** Transactions and their coordinator. */
final class TransactionKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          int32("transactional.id.expiration.ms", 604800000)
              .atLeast(1)
              .accepted(
                  Reasons.TRANSACTIONS_LATER,
                  "Idle time after which a transactional id is forgotten."),
          int32("transaction.max.timeout.ms", 900000)
              .atLeast(1)
              .accepted(
                  Reasons.TRANSACTIONS_LATER,
                  "Longest transaction timeout a producer may ask for."),
          flag("transaction.partition.verification.enable", true)
              .clusterWide()
              .accepted(
                  Reasons.TRANSACTIONS_LATER,
                  "Whether a write is checked to belong to an open transaction."),
          flag("transaction.two.phase.commit.enable", false)
              .accepted(
                  Reasons.TRANSACTIONS_LATER, "Whether transactions may be part of outer ones."),
          int32("transaction.abort.timed.out.transaction.cleanup.interval.ms", 10000)
              .atLeast(1)
              .accepted(
                  Reasons.TRANSACTIONS_LATER, "How often timed-out transactions are aborted."),
          int32("transaction.remove.expired.transaction.cleanup.interval.ms", 3600000)
              .atLeast(1)
              .accepted(
                  Reasons.TRANSACTIONS_LATER, "How often expired transactional ids are removed."),
          int32("transaction.state.log.load.buffer.size", 5242880)
              .atLeast(1)
              .accepted(Reasons.TRANSACTIONS_LATER, "Bytes read at once when a coordinator loads."),
          int32("transaction.state.log.min.isr", 2)
              .atLeast(1)
              .accepted(Reasons.TRANSACTIONS_LATER, "The min.insync.replicas of the state topic."),
          int32("transaction.state.log.num.partitions", 50)
              .atLeast(1)
              .accepted(Reasons.TRANSACTIONS_LATER, "Partitions of the state topic."),
          int16("transaction.state.log.replication.factor", 3)
              .atLeast(1)
              .accepted(Reasons.TRANSACTIONS_LATER, "Replica list length of the state topic."),
          int32("transaction.state.log.segment.bytes", 104857600)
              .atLeast(1)
              .accepted(Reasons.TRANSACTIONS_LATER, "Segment size of the state topic."),
          int32("add.partitions.to.txn.retry.backoff.ms", 20)
              .atLeast(1)
              .accepted(
                  Reasons.TRANSACTIONS_LATER,
                  "Pause before a partition is added to a transaction again."),
          int32("add.partitions.to.txn.retry.backoff.max.ms", 100)
              .atLeast(0)
              .accepted(Reasons.TRANSACTIONS_LATER, "How long adding a partition is tried again."));

  private TransactionKeys() {}
}
