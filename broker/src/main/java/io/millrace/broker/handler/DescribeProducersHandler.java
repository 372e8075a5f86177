package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.cluster.BrokerLink.Outcome;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.transaction.LeaderCalls;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.log.PartitionLog.ActiveProducer;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.DescribeProducersResponseData.TopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * DescribeProducers: whom the leader of a partition keeps state of, and what they have open; with a
 * proof of leadership, since operators abort transactions by it. Any replica may be asked, as in
 * Kafka; one that does not lead asks the leader, unless it was asked by a broker.
 */
public final class DescribeProducersHandler implements ApiHandler<DescribeProducersRequestData> {
  private static final short VERSION = 0;

  private final MetadataLog metadata;
  private final Partitions partitions;
  private final LeaderCalls leaders;

  public DescribeProducersHandler(
      MetadataLog metadata, Partitions partitions, LeaderCalls leaders) {
    this.metadata = metadata;
    this.partitions = partitions;
    this.leaders = leaders;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_PRODUCERS;
  }

  @Override
  public CompletableFuture<DescribeProducersResponseData> handle(
      RequestContext context, DescribeProducersRequestData request) {
    MetadataImage now = metadata.image();
    boolean ofClient = !context.clientId().equals(BrokerLink.CLIENT_ID);
    DescribeProducersResponseData response = new DescribeProducersResponseData();
    List<CompletableFuture<?>> pending = new ArrayList<>();
    for (TopicRequest topic : request.topics()) {
      TopicResponse answers = new TopicResponse().setName(topic.name());
      response.topics().add(answers);
      for (int partition : topic.partitionIndexes()) {
        PartitionResponse answer = new PartitionResponse().setPartitionIndex(partition);
        answers.partitions().add(answer);
        pending.add(
            producers(now.topic(topic.name()), partition, ofClient)
                .handle((states, failure) -> fill(answer, states, failure)));
      }
    }
    return CompletableFuture.allOf(pending.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> response);
  }

  private CompletableFuture<List<ProducerState>> producers(
      @Nullable Topic topic, int partition, boolean ofClient) {
    if (topic == null || partition < 0 || partition >= topic.partitions().size()) {
      return CompletableFuture.failedFuture(
          new UnknownTopicOrPartitionException("There is no such partition."));
    }
    Partition of = topic.partitions().get(partition);
    Optional<WriterId> leader = of.leader().filter(l -> !l.equals(metadata.writer()));
    if (ofClient && leader.isPresent() && of.replicas().contains(ClusterView.ownNodeId(metadata))) {
      return atLeader(leader.get(), topic.name(), partition);
    }
    return partitions
        .open(new PartitionId(topic.id(), partition))
        .thenCompose(log -> {
          List<ProducerState> states =
              log.activeProducers().stream().map(DescribeProducersHandler::state).toList();
          return log.proof().thenApply(_ -> states);
        });
  }

  private CompletableFuture<List<ProducerState>> atLeader(
      WriterId leader, String topic, int partition) {
    DescribeProducersRequestData request = new DescribeProducersRequestData();
    request.topics().add(new TopicRequest().setName(topic).setPartitionIndexes(List.of(partition)));
    return leaders
        .call(leader, request, VERSION, this)
        .thenApply(outcome ->
            switch (outcome) {
              case Outcome.Answered(ApiMessage answer) -> {
                PartitionResponse told =
                    ((DescribeProducersResponseData) answer)
                        .topics()
                        .getFirst()
                        .partitions()
                        .getFirst();
                Errors error = Errors.forCode(told.errorCode());
                if (error != Errors.NONE) {
                  throw error.exception();
                }
                yield told.activeProducers();
              }
              case Outcome.Silent(String reason) -> throw new NotLeaderOrFollowerException(reason);
            });
  }

  private static PartitionResponse fill(
      PartitionResponse answer, @Nullable List<ProducerState> states, @Nullable Throwable failure) {
    if (states != null) {
      return answer.setActiveProducers(states);
    }
    Errors error = ApiErrors.of(failure);
    return answer.setErrorCode(error.code()).setErrorMessage(error.message());
  }

  private static ProducerState state(ActiveProducer producer) {
    return new ProducerState()
        .setProducerId(producer.producerId())
        .setProducerEpoch(producer.producerEpoch())
        .setLastSequence(producer.lastSequence())
        .setLastTimestamp(producer.lastTimestamp())
        .setCoordinatorEpoch(producer.coordinatorEpoch())
        .setCurrentTxnStartOffset(producer.transactionFirstOffset());
  }
}
