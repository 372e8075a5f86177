package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.produce.Admissions;
import io.millrace.broker.produce.PartitionProduce;
import io.millrace.broker.produce.RefusedBatchException;
import io.millrace.broker.produce.TransactionAdmission;
import io.millrace.broker.produce.TransactionalRequest;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidRequiredAcksException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.ProduceResponseData.NodeEndpoint;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Produce: appends each partition's batch and answers when all are durable or refused, with acks=1
 * as with acks=all. The request's timeout bounds a wait for followers, and there are none; for the
 * same reason min.insync.replicas, which Kafka holds against no more replicas than there are, is
 * always met. A failure with acks=0, which has no answer, closes the connection, as Kafka does, so
 * that the client looks for the leaders again; so does a batch whose fate recovery will decide.
 */
public final class ProduceHandler implements ApiHandler<ProduceRequestData> {
  private static final Logger LOG = LoggerFactory.getLogger(ProduceHandler.class);
  private static final short ACKS_ALL = -1;
  private static final short ACKS_NONE = 0;
  private static final short ACKS_LEADER = 1;

  /** From this version on a client that came to the wrong broker is told the right one. */
  private static final int LEADER_NAMED = 10;

  private final Supplier<MetadataImage> image;
  private final PartitionProduce produce;
  private final TransactionAdmission admission;

  public ProduceHandler(
      Supplier<MetadataImage> image, PartitionProduce produce, TransactionAdmission admission) {
    this.image = image;
    this.produce = produce;
    this.admission = admission;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.PRODUCE;
  }

  @Override
  public CompletableFuture<@Nullable ProduceResponseData> handle(
      RequestContext context, ProduceRequestData request) {
    MetadataImage now = image.get();
    Round round =
        new Round(
            request.acks(),
            context.version() < LEADER_NAMED
                ? response -> {}
                : response -> nameLeaders(response, context.listener()));
    if (!isTransactional(request)) {
      append(round, context, now, request, Admissions.NONE);
      return round.done;
    }
    TransactionalRequest batches;
    try {
      batches = transactional(now, request, context.version());
    } catch (ApiException refused) {
      return CompletableFuture.failedFuture(refused);
    }
    return admission
        .admit(batches, admissions -> append(round, context, now, request, admissions))
        .thenCompose(_ -> round.done);
  }

  private static TransactionalRequest transactional(
      MetadataImage now, ProduceRequestData request, short version) {
    if (request.transactionalId() == null) {
      throw new TransactionalIdAuthorizationException(
          "A transactional batch came without a transactional id.");
    }
    TransactionalRequest.Builder builder =
        new TransactionalRequest.Builder(request.transactionalId(), version);
    for (TopicProduceData topic : request.topicData()) {
      Topic known = find(now, topic.name(), topic.topicId());
      for (PartitionProduceData partition : topic.partitionData()) {
        ByteBuffer records = bytes(partition.records());
        if (known != null && records != null && TransactionalRequest.isTransactional(records)) {
          builder.add(
              new PartitionId(known.id(), partition.index()),
              new TopicPartition(known.name(), partition.index()),
              records);
        }
      }
    }
    return builder.build();
  }

  private void append(
      Round round,
      RequestContext context,
      MetadataImage now,
      ProduceRequestData request,
      Admissions admissions) {
    for (TopicProduceData topic : request.topicData()) {
      Topic known = find(now, topic.name(), topic.topicId());
      TopicProduceResponse answers =
          new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
      round.response.responses().add(answers);
      for (PartitionProduceData partition : topic.partitionData()) {
        PartitionProduceResponse answer = refused().setIndex(partition.index());
        answers.partitionResponses().add(answer);
        round.begin();
        append(context, request.acks(), now, topic, known, partition, admissions)
            .whenComplete((appended, failure) -> round.end(answer, appended, failure));
      }
    }
    round.end();
  }

  private CompletableFuture<Appended> append(
      RequestContext context,
      short acks,
      MetadataImage now,
      TopicProduceData topic,
      @Nullable Topic known,
      PartitionProduceData partition,
      Admissions admissions) {
    if (known == null) {
      return CompletableFuture.failedFuture(
          topic.topicId().equals(Uuid.ZERO_UUID)
              ? new UnknownTopicOrPartitionException(
                  "There is no topic %s.".formatted(topic.name()))
              : new UnknownTopicIdException(
                  "There is no topic with the id %s.".formatted(topic.topicId())));
    }
    if (acks != ACKS_ALL && acks != ACKS_NONE && acks != ACKS_LEADER) {
      return CompletableFuture.failedFuture(
          new InvalidRequiredAcksException("acks is %d; it must be -1, 0 or 1.".formatted(acks)));
    }
    try {
      return produce.append(
          now, known, partition.index(), bytes(partition.records()), context.version(), admissions);
    } catch (RuntimeException bug) {
      // It must not end the request: the log still reads the frame for the partitions before this
      // one.
      LOG.error("Append failed topic={} partition={}", known.name(), partition.index(), bug);
      return CompletableFuture.failedFuture(bug);
    }
  }

  private void nameLeaders(ProduceResponseData response, String listener) {
    ClusterView view = new ClusterView(image.get(), listener);
    for (TopicProduceResponse topic : response.responses()) {
      Topic known = find(view.image(), topic.name(), topic.topicId());
      for (PartitionProduceResponse answer : topic.partitionResponses()) {
        if (known == null
            || answer.errorCode() != Errors.NOT_LEADER_OR_FOLLOWER.code()
            || answer.index() >= known.partitions().size()) {
          continue;
        }
        Partition partition = known.partitions().get(answer.index());
        view.leader(partition)
            .ifPresent(leader -> {
              answer.setCurrentLeader(
                  new LeaderIdAndEpoch()
                      .setLeaderId(leader.id())
                      .setLeaderEpoch(partition.leaderEpoch()));
              if (response.nodeEndpoints().find(leader.id()) == null) {
                response
                    .nodeEndpoints()
                    .add(
                        new NodeEndpoint()
                            .setNodeId(leader.id())
                            .setHost(leader.host())
                            .setPort(leader.port())
                            .setRack(leader.rack().orElse(null)));
              }
            });
      }
    }
  }

  private static boolean isTransactional(ProduceRequestData request) {
    for (TopicProduceData topic : request.topicData()) {
      for (PartitionProduceData partition : topic.partitionData()) {
        ByteBuffer records = bytes(partition.records());
        if (records != null && TransactionalRequest.isTransactional(records)) {
          return true;
        }
      }
    }
    return false;
  }

  private static @Nullable Topic find(MetadataImage now, String name, Uuid id) {
    return id.equals(Uuid.ZERO_UUID) ? now.topic(name) : now.topic(id);
  }

  private static @Nullable ByteBuffer bytes(@Nullable BaseRecords records) {
    return records == null ? null : ((MemoryRecords) records).buffer();
  }

  private static PartitionProduceResponse refused() {
    return new PartitionProduceResponse()
        .setBaseOffset(-1)
        .setLogAppendTimeMs(-1)
        .setLogStartOffset(-1);
  }

  /** The partitions of one request on their way. */
  private static final class Round {
    private final ProduceResponseData response = new ProduceResponseData();
    private final CompletableFuture<@Nullable ProduceResponseData> done = new CompletableFuture<>();
    private final AtomicInteger pending = new AtomicInteger(1);
    private final short acks;
    private final Consumer<ProduceResponseData> finish;
    private volatile boolean fateUnknown;

    Round(short acks, Consumer<ProduceResponseData> finish) {
      this.acks = acks;
      this.finish = finish;
    }

    void begin() {
      pending.incrementAndGet();
    }

    void end(
        PartitionProduceResponse answer, @Nullable Appended appended, @Nullable Throwable failure) {
      if (appended != null) {
        answer
            .setBaseOffset(appended.baseOffset())
            .setLogAppendTimeMs(appended.appendTimeMs())
            .setLogStartOffset(appended.logStart());
      } else {
        if (ApiErrors.unwrap(failure) instanceof NetworkException) {
          fateUnknown = true;
        }
        refuse(answer, failure);
      }
      end();
    }

    void end() {
      if (pending.decrementAndGet() > 0) {
        return;
      }
      if (fateUnknown) {
        done.completeExceptionally(
            new NetworkException("The log ended before it knew what became of a batch."));
      } else if (acks != ACKS_NONE) {
        finish.accept(response);
        done.complete(response);
      } else if (hasError()) {
        done.completeExceptionally(new NetworkException("A produce request with acks=0 failed."));
      } else {
        done.complete(null);
      }
    }

    private boolean hasError() {
      return response.responses().stream()
          .flatMap(topic -> topic.partitionResponses().stream())
          .anyMatch(answer -> answer.errorCode() != Errors.NONE.code());
    }

    private static void refuse(PartitionProduceResponse answer, @Nullable Throwable failure) {
      Throwable cause = ApiErrors.unwrap(failure);
      if (cause instanceof RefusedBatchException refused) {
        List<BatchIndexAndErrorMessage> records = new ArrayList<>();
        refused
            .recordErrors()
            .forEach(each ->
                records.add(
                    new BatchIndexAndErrorMessage()
                        .setBatchIndex(each.index())
                        .setBatchIndexErrorMessage(each.message())));
        answer.setRecordErrors(records);
        cause = refused.reason();
      }
      Errors error = ApiErrors.of(cause);
      answer
          .setErrorCode(error.code())
          .setErrorMessage(
              cause == null || error == Errors.UNKNOWN_SERVER_ERROR ? null : cause.getMessage());
    }
  }
}
