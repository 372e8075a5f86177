package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.transaction.TransactionVerifier;
import io.millrace.coordinator.group.Committer;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.storage.log.VerificationGuard;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData.TxnOffsetCommitResponsePartition;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData.TxnOffsetCommitResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * TxnOffsetCommit: offsets that count if the producer's transaction commits. Whether that is open
 * and includes the group's partition its coordinator is asked, unless the log knows (KIP-890); from
 * version 5 on the coordinator adds the partition if it does not.
 */
public final class TxnOffsetCommitHandler implements ApiHandler<TxnOffsetCommitRequestData> {
  /** From this version on a client knows TRANSACTION_ABORTABLE. */
  private static final int ABORTABLE_SINCE = 4;

  /** From this version on partitions join a transaction by what is written to them. */
  private static final int ADDS_PARTITIONS_SINCE = 5;

  private final GroupCoordinator groups;
  private final TransactionVerifier verifier;

  public TxnOffsetCommitHandler(GroupCoordinator groups, TransactionVerifier verifier) {
    this.groups = groups;
    this.verifier = verifier;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.TXN_OFFSET_COMMIT;
  }

  @Override
  public CompletableFuture<TxnOffsetCommitResponseData> handle(
      RequestContext context, TxnOffsetCommitRequestData request) {
    List<OffsetCommit> commits = new ArrayList<>();
    TxnOffsetCommitResponseData answer = new TxnOffsetCommitResponseData();
    // answers of partitions that go to the shard, in the order of commits
    List<TxnOffsetCommitResponsePartition> pending = new ArrayList<>();
    for (TxnOffsetCommitRequestTopic topic : request.topics()) {
      TxnOffsetCommitResponseTopic part = new TxnOffsetCommitResponseTopic().setName(topic.name());
      MetadataImage.Topic known = groups.resolve(topic.name(), Uuid.ZERO_UUID);
      for (TxnOffsetCommitRequestPartition partition : topic.partitions()) {
        TxnOffsetCommitResponsePartition each =
            new TxnOffsetCommitResponsePartition().setPartitionIndex(partition.partitionIndex());
        part.partitions().add(each);
        if (known != null && exists(known, partition.partitionIndex())) {
          pending.add(each);
          commits.add(commit(known, partition));
        } else {
          each.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        }
      }
      answer.topics().add(part);
    }
    if (commits.isEmpty()) {
      return CompletableFuture.completedFuture(answer);
    }
    return commit(context, request, commits)
        .handle((errors, failure) -> {
          PartErrors.fill(pending, errors, failure, TxnOffsetCommitResponsePartition::setErrorCode);
          return answer;
        });
  }

  private static boolean exists(MetadataImage.Topic topic, int partition) {
    return partition >= 0 && partition < topic.partitions().size();
  }

  private static OffsetCommit commit(
      MetadataImage.Topic topic, TxnOffsetCommitRequestPartition partition) {
    return new OffsetCommit(
        topic.name(),
        topic.id(),
        partition.partitionIndex(),
        partition.committedOffset(),
        partition.committedLeaderEpoch(),
        partition.committedMetadata());
  }

  private CompletableFuture<List<Errors>> commit(
      RequestContext context, TxnOffsetCommitRequestData request, List<OffsetCommit> commits) {
    boolean adds = context.version() >= ADDS_PARTITIONS_SINCE;
    Committer committer =
        new Committer(
            request.memberId(),
            request.groupInstanceId(),
            request.generationId(),
            context.version());
    return groups
        .<VerificationGuard>ask(
            request.groupId(),
            (shard, out, reply) ->
                shard.beginVerification(
                    request.producerId(), request.producerEpoch(), adds, out, reply))
        .thenCompose(guard ->
            verify(request, guard, adds)
                .thenCompose(error ->
                    error == Errors.NONE
                        ? commit(request, committer, guard, commits)
                        : CompletableFuture.completedFuture(
                            commits.stream()
                                .map(each -> inTermsOf(context.version(), error))
                                .toList())));
  }

  private CompletableFuture<Errors> verify(
      TxnOffsetCommitRequestData request, VerificationGuard guard, boolean adds) {
    if (guard.equals(VerificationGuard.NONE)) {
      return CompletableFuture.completedFuture(Errors.NONE);
    }
    TopicPartition partition = groups.offsetsPartition(request.groupId());
    return verifier
        .verifyOrAdd(
            request.transactionalId(),
            request.producerId(),
            request.producerEpoch(),
            List.of(partition),
            adds)
        .thenApply(errors -> errors.getOrDefault(partition, Errors.COORDINATOR_NOT_AVAILABLE));
  }

  private CompletableFuture<List<Errors>> commit(
      TxnOffsetCommitRequestData request,
      Committer committer,
      VerificationGuard guard,
      List<OffsetCommit> commits) {
    return groups.call(
        request.groupId(),
        (shard, out, reply) ->
            shard.commitInTransaction(
                request.groupId(),
                committer,
                request.producerId(),
                request.producerEpoch(),
                guard,
                commits,
                out,
                reply));
  }

  private static Errors inTermsOf(short version, Errors error) {
    return switch (error) {
      case NETWORK_EXCEPTION -> Errors.COORDINATOR_LOAD_IN_PROGRESS;
      case TRANSACTION_ABORTABLE -> version >= ABORTABLE_SINCE ? error : Errors.INVALID_TXN_STATE;
      default -> error;
    };
  }
}
