package io.millrace.broker.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.handler.HandlerWorld;
import io.millrace.broker.transaction.SimulatedBrokers.Asked;
import io.millrace.runtime.simulated.SimulatedClock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResultCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class CoordinatorVerifierTest {
  private static final TopicPartition P0 = new TopicPartition("orders", 0);
  private static final TopicPartition P1 = new TopicPartition("orders", 1);

  private final HandlerWorld world = new HandlerWorld(Map.of("node.id", "1"));
  private final SimulatedBrokers<AddPartitionsToTxnRequestData> brokers =
      new SimulatedBrokers<>(ApiKeys.ADD_PARTITIONS_TO_TXN, AddPartitionsToTxnRequestData.class);
  private final CoordinatorVerifier verifier =
      new CoordinatorVerifier(
          world.threads.eventLoop("verifier"),
          new SimulatedClock(world.scheduler),
          world.metadata,
          new LeaderCalls(
              world.metadata, brokers, "PLAINTEXT", new SimulatedClock(world.scheduler)),
          brokers,
          20,
          100);

  private CompletableFuture<Map<TopicPartition, Errors>> ask(
      String id, boolean addIfAbsent, TopicPartition... partitions) {
    CompletableFuture<Map<TopicPartition, Errors>> answer =
        verifier.verifyOrAdd(id, 7, (short) 3, List.of(partitions), addIfAbsent);
    pass(5);
    return answer;
  }

  private void pass(long ms) {
    world.scheduler.runFor(TimeUnit.MILLISECONDS.toNanos(ms));
    assertThat(world.scheduler.failures()).isEmpty();
  }

  private void answer(
      Asked<AddPartitionsToTxnRequestData> asked, Map<TopicPartition, Errors> errors) {
    AddPartitionsToTxnResponseData response = new AddPartitionsToTxnResponseData();
    for (AddPartitionsToTxnTransaction each : asked.request().transactions()) {
      AddPartitionsToTxnResult result =
          new AddPartitionsToTxnResult().setTransactionalId(each.transactionalId());
      each.topics()
          .forEach(topic -> {
            AddPartitionsToTxnPartitionResultCollection partitions =
                new AddPartitionsToTxnPartitionResultCollection();
            topic
                .partitions()
                .forEach(p ->
                    partitions.add(
                        new AddPartitionsToTxnPartitionResult()
                            .setPartitionIndex(p)
                            .setPartitionErrorCode(error(errors, topic.name(), p).code())));
            result
                .topicResults()
                .add(
                    new AddPartitionsToTxnTopicResult()
                        .setName(topic.name())
                        .setResultsByPartition(partitions));
          });
      response.resultsByTransaction().add(result);
    }
    asked.answer(response);
    pass(5);
  }

  private static Errors error(Map<TopicPartition, Errors> errors, String topic, int partition) {
    return Objects.requireNonNull(errors.get(new TopicPartition(topic, partition)));
  }

  private void coordinatorIsAnother() {
    world.start(2);
    world.createTopic("__transaction_state", 2);
  }

  @Test
  void theCoordinatorIsAskedAboutEachPartition() {
    coordinatorIsAnother();
    CompletableFuture<Map<TopicPartition, Errors>> answer = ask("id", false, P0, P1);

    AddPartitionsToTxnTransaction asked =
        brokers.others.getFirst().request().transactions().find("id");
    assertThat(asked.producerId()).isEqualTo(7);
    assertThat(asked.producerEpoch()).isEqualTo((short) 3);
    assertThat(asked.verifyOnly()).isTrue();
    assertThat(asked.topics().find("orders").partitions()).containsExactly(0, 1);
    answer(brokers.others.getFirst(), Map.of(P0, Errors.NONE, P1, Errors.TRANSACTION_ABORTABLE));
    assertThat(answer.join()).isEqualTo(Map.of(P0, Errors.NONE, P1, Errors.TRANSACTION_ABORTABLE));
  }

  @Test
  void itsOwnTransactionsABrokerKnowsWithoutTheNetwork() {
    world.createTopic("__transaction_state", 1);
    CompletableFuture<Map<TopicPartition, Errors>> answer = ask("id", true, P0);

    answer(brokers.own.getFirst(), Map.of(P0, Errors.NONE));

    assertThat(answer.join()).isEqualTo(Map.of(P0, Errors.NONE));
    assertThat(brokers.others).isEmpty();
  }

  @Test
  void questionsThatComeWhileOneIsOutGoTogetherButForTheSameTransaction() {
    coordinatorIsAnother();
    ask("a", false, P0);
    ask("a", false, P1);
    ask("b", false, P0);
    ask("a", false, P0);

    answer(brokers.others.getFirst(), Map.of(P0, Errors.NONE));

    AddPartitionsToTxnRequestData second = brokers.others.getLast().request();
    assertThat(second.transactions()).hasSize(2);
    assertThat(second.transactions().find("a").topics().find("orders").partitions())
        .containsExactly(1);
    answer(brokers.others.getLast(), Map.of(P0, Errors.NONE, P1, Errors.NONE));
    assertThat(brokers.others).hasSize(3);
  }

  @Test
  void aFencedProducerLearnsItAsFromALeader() {
    coordinatorIsAnother();
    CompletableFuture<Map<TopicPartition, Errors>> answer = ask("id", false, P0);

    answer(brokers.others.getFirst(), Map.of(P0, Errors.PRODUCER_FENCED));

    assertThat(answer.join()).isEqualTo(Map.of(P0, Errors.INVALID_PRODUCER_EPOCH));
  }

  @Test
  void whoDoesNotAnswerIsToBeAskedAgainByTheClient() {
    assertThat(ask("id", false, P0).join()).isEqualTo(Map.of(P0, Errors.COORDINATOR_NOT_AVAILABLE));
    coordinatorIsAnother();
    CompletableFuture<Map<TopicPartition, Errors>> answer = ask("id", false, P0);

    brokers.others.getFirst().staySilent();
    pass(5);

    assertThat(answer.join()).isEqualTo(Map.of(P0, Errors.NETWORK_EXCEPTION));
  }

  @Test
  void addingWaitsAWhileForTheLastTransactionToEnd() {
    coordinatorIsAnother();
    CompletableFuture<Map<TopicPartition, Errors>> answer = ask("id", true, P0);
    answer(brokers.others.getFirst(), Map.of(P0, Errors.CONCURRENT_TRANSACTIONS));
    assertThat(answer).isNotDone();
    pass(25);

    answer(brokers.others.getLast(), Map.of(P0, Errors.NONE));

    assertThat(brokers.others).hasSize(2);
    assertThat(answer.join()).isEqualTo(Map.of(P0, Errors.NONE));
  }

  @Test
  void addingDoesNotWaitForEver() {
    coordinatorIsAnother();
    CompletableFuture<Map<TopicPartition, Errors>> answer = ask("id", true, P0);

    for (int i = 0; i < 10 && !answer.isDone(); i++) {
      answer(brokers.others.getLast(), Map.of(P0, Errors.CONCURRENT_TRANSACTIONS));
      pass(25);
    }

    assertThat(answer.join()).isEqualTo(Map.of(P0, Errors.CONCURRENT_TRANSACTIONS));
    assertThat(brokers.others).hasSizeLessThan(7);
  }

  @Test
  void verifyingDoesNotWaitForTheLastTransaction() {
    coordinatorIsAnother();
    CompletableFuture<Map<TopicPartition, Errors>> answer = ask("id", false, P0);

    answer(brokers.others.getFirst(), Map.of(P0, Errors.CONCURRENT_TRANSACTIONS));

    assertThat(answer.join()).isEqualTo(Map.of(P0, Errors.CONCURRENT_TRANSACTIONS));
  }
}
