package io.millrace.broker.transaction;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.cluster.BrokerLink.Outcome;
import io.millrace.coordinator.TopicShards;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks coordinators by AddPartitionsToTxn, the questions to one broker together. Where the last
 * transaction is still being ended, adding is tried again for a short while before the producer is
 * told to. Any thread may call; works on its loop.
 */
public final class CoordinatorVerifier implements TransactionVerifier {
  private static final Logger LOG = LoggerFactory.getLogger(CoordinatorVerifier.class);
  private static final short VERSION = 5;

  private final EventLoop loop;
  private final Clock clock;
  private final MetadataLog metadata;
  private final LeaderCalls leaders;
  private final ApiHandler<AddPartitionsToTxnRequestData> ownCoordinator;
  private final long retryBackoffNs;
  private final long retryNsMax;
  private final Lanes<Question> lanes =
      new Lanes<>(Question::transactionalId, Question::size, this::send);

  /**
   * @param ownCoordinator answers for transactions that this broker coordinates
   */
  public CoordinatorVerifier(
      EventLoop loop,
      Clock clock,
      MetadataLog metadata,
      LeaderCalls leaders,
      ApiHandler<AddPartitionsToTxnRequestData> ownCoordinator,
      long retryBackoffMs,
      long retryMsMax) {
    this.loop = loop;
    this.clock = clock;
    this.metadata = metadata;
    this.leaders = leaders;
    this.ownCoordinator = ownCoordinator;
    this.retryBackoffNs = TimeUnit.MILLISECONDS.toNanos(retryBackoffMs);
    this.retryNsMax = TimeUnit.MILLISECONDS.toNanos(retryMsMax);
  }

  private record Question(
      AddPartitionsToTxnTransaction transaction,
      List<TopicPartition> partitions,
      long askedAtNs,
      CompletableFuture<Map<TopicPartition, Errors>> answer) {
    String transactionalId() {
      return transaction.transactionalId();
    }

    int size() {
      return partitions.size();
    }

    void answerAll(Errors error) {
      Map<TopicPartition, Errors> all = new LinkedHashMap<>();
      partitions.forEach(partition -> all.put(partition, error));
      answer.complete(all);
    }
  }

  @Override
  public CompletableFuture<Map<TopicPartition, Errors>> verifyOrAdd(
      String transactionalId,
      long producerId,
      short producerEpoch,
      Collection<TopicPartition> partitions,
      boolean addIfAbsent) {
    Question question =
        new Question(
            transaction(transactionalId, partitions)
                .setProducerId(producerId)
                .setProducerEpoch(producerEpoch)
                .setVerifyOnly(!addIfAbsent),
            List.copyOf(partitions),
            clock.monotonicNs(),
            new CompletableFuture<>());
    loop.execute(() -> route(question));
    return question.answer;
  }

  private static AddPartitionsToTxnTransaction transaction(
      String transactionalId, Collection<TopicPartition> partitions) {
    AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
    PartitionsByTopic.of(partitions)
        .forEach((topic, indexes) ->
            topics.add(new AddPartitionsToTxnTopic().setName(topic).setPartitions(indexes)));
    return new AddPartitionsToTxnTransaction()
        .setTransactionalId(transactionalId)
        .setTopics(topics);
  }

  private void route(Question question) {
    coordinator(question.transactionalId())
        .ifPresentOrElse(
            broker -> lanes.add(broker, question),
            () -> question.answerAll(Errors.COORDINATOR_NOT_AVAILABLE));
  }

  private Optional<WriterId> coordinator(String transactionalId) {
    MetadataImage.Topic topic = metadata.image().topic(TransactionCoordinator.TOPIC);
    return topic == null
        ? Optional.empty()
        : topic
            .partitions()
            .get(TopicShards.partitionOf(transactionalId, topic.partitions().size()))
            .leader();
  }

  private CompletableFuture<?> send(WriterId coordinator, List<Question> questions) {
    AddPartitionsToTxnRequestData request = new AddPartitionsToTxnRequestData();
    // an element of one collection cannot be put into another
    questions.forEach(each -> request.transactions().add(each.transaction().duplicate()));
    return leaders
        .call(coordinator, request, VERSION, ownCoordinator)
        .thenAcceptAsync(outcome -> onOutcome(questions, outcome), loop);
  }

  private void onOutcome(List<Question> questions, Outcome outcome) {
    switch (outcome) {
      case Outcome.Answered(AddPartitionsToTxnResponseData response) ->
          questions.forEach(question -> onAnswer(question, response));
      case Outcome.Answered _ -> throw new IllegalStateException("answered otherwise");
      case Outcome.Silent(String reason) -> {
        LOG.debug("A coordinator does not answer: {}", reason);
        questions.forEach(question -> question.answerAll(Errors.NETWORK_EXCEPTION));
      }
    }
  }

  private void onAnswer(Question question, AddPartitionsToTxnResponseData response) {
    Errors whole = Errors.forCode(response.errorCode());
    var result = response.resultsByTransaction().find(question.transactionalId());
    if (whole != Errors.NONE || result == null) {
      question.answerAll(whole == Errors.NONE ? Errors.UNKNOWN_SERVER_ERROR : whole);
      return;
    }
    Map<TopicPartition, Errors> answers = new LinkedHashMap<>();
    question.partitions().forEach(each -> answers.put(each, Errors.UNKNOWN_SERVER_ERROR));
    result
        .topicResults()
        .forEach(topic ->
            topic
                .resultsByPartition()
                .forEach(partition ->
                    answers.put(
                        new TopicPartition(topic.name(), partition.partitionIndex()),
                        forProducers(Errors.forCode(partition.partitionErrorCode())))));
    if (answers.containsValue(Errors.CONCURRENT_TRANSACTIONS) && mayRetry(question)) {
      loop.schedule(retryBackoffNs, () -> route(question));
    } else {
      question.answer.complete(answers);
    }
  }

  private boolean mayRetry(Question question) {
    return !question.transaction().verifyOnly()
        && clock.monotonicNs() - question.askedAtNs() + retryBackoffNs <= retryNsMax;
  }

  /** Producers learn of lost epochs in the terms of a partition's leader. */
  private static Errors forProducers(Errors error) {
    return error == Errors.PRODUCER_FENCED ? Errors.INVALID_PRODUCER_EPOCH : error;
  }
}
