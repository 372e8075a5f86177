package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.api.ApiHandler;
import io.millrace.coordinator.InternalTopics;
import io.millrace.coordinator.ShardRegistry;
import io.millrace.coordinator.transaction.MarkerOutcome;
import io.millrace.coordinator.transaction.NewProducerIds;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.coordinator.transaction.TransactionSettings;
import io.millrace.coordinator.transaction.TransactionShard;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.metadata.MetadataImage;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResultCollection;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData.TransactionState;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.junit.jupiter.api.Test;

/** The coordinator's APIs on a whole storage engine; markers are written at once. */
class TransactionHandlersTest {
  private static final String ID = "payments";

  private final EngineWorld world = new EngineWorld();
  private final InternalTopics topics =
      new InternalTopics(world.engine.metadata(), world.environment.randomness());
  private final NewProducerIds producerIds =
      () -> world.engine.producerIds().next().thenApply(NewProducerIds.Given.Id::new);
  private final EventLoop loop = world.environment.threads().eventLoop("transactions");
  private final ShardRegistry<TransactionShard> shards =
      new ShardRegistry<>(
          loop,
          world.environment.clock(),
          world.engine,
          log ->
              new TransactionShard(
                  new TransactionSettings(900_000, 10_000, 604_800_000, 3_600_000),
                  () -> 2,
                  world.environment.clock(),
                  log.leaderEpoch(),
                  producerIds,
                  _ -> CompletableFuture.completedFuture(MarkerOutcome.WRITTEN)));
  private final TransactionCoordinator coordinator =
      new TransactionCoordinator(loop, world.engine.metadata(), shards);
  private final InitProducerIdHandler init = new InitProducerIdHandler(producerIds, coordinator);
  private final AddPartitionsToTxnHandler add =
      new AddPartitionsToTxnHandler(world.engine.metadata()::image, coordinator);
  private final AddOffsetsToTxnHandler addOffsets =
      new AddOffsetsToTxnHandler(coordinator, () -> topic("__consumer_offsets"));
  private final EndTxnHandler end = new EndTxnHandler(coordinator);
  private final DescribeTransactionsHandler describe = new DescribeTransactionsHandler(coordinator);
  private final ListTransactionsHandler list = new ListTransactionsHandler(coordinator);
  private final FindCoordinatorHandler find =
      new FindCoordinatorHandler(
          world.engine.metadata()::image,
          Map.of(CoordinatorType.TRANSACTION, () -> topic(TransactionCoordinator.TOPIC)));

  private CompletableFuture<MetadataImage.Topic> topic(String name) {
    return topics.ensure(name, 2, 1, Map.of());
  }

  private <Q extends ApiMessage, A extends ApiMessage> A ask(
      ApiHandler<Q> handler, int version, Q request, Class<A> answer) {
    return answer.cast(world.await(world.ask(handler, version, request)));
  }

  private InitProducerIdResponseData init(int version, long producerId, int epoch) {
    return ask(
        init,
        version,
        new InitProducerIdRequestData()
            .setTransactionalId(ID)
            .setTransactionTimeoutMs(60_000)
            .setProducerId(producerId)
            .setProducerEpoch((short) epoch),
        InitProducerIdResponseData.class);
  }

  private InitProducerIdResponseData begin() {
    world.await(topic(TransactionCoordinator.TOPIC));
    InitProducerIdResponseData begun = init(5, -1, -1);
    assertThat(begun.errorCode()).isZero();
    return begun;
  }

  private static AddPartitionsToTxnTopicCollection partitions(String topic, Integer... partitions) {
    AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
    topics.add(new AddPartitionsToTxnTopic().setName(topic).setPartitions(List.of(partitions)));
    return topics;
  }

  private AddPartitionsToTxnTopicResultCollection add(
      int version, InitProducerIdResponseData producer, AddPartitionsToTxnTopicCollection added) {
    return ask(
            add,
            version,
            new AddPartitionsToTxnRequestData()
                .setV3AndBelowTransactionalId(ID)
                .setV3AndBelowProducerId(producer.producerId())
                .setV3AndBelowProducerEpoch(producer.producerEpoch())
                .setV3AndBelowTopics(added),
            AddPartitionsToTxnResponseData.class)
        .resultsByTopicV3AndBelow();
  }

  private static Errors error(
      AddPartitionsToTxnTopicResultCollection results, String topic, int partition) {
    return Errors.forCode(
        Objects.requireNonNull(results.find(topic))
            .resultsByPartition()
            .find(partition)
            .partitionErrorCode());
  }

  private EndTxnResponseData end(int version, InitProducerIdResponseData producer) {
    return ask(
        end,
        version,
        new EndTxnRequestData()
            .setTransactionalId(ID)
            .setProducerId(producer.producerId())
            .setProducerEpoch(producer.producerEpoch())
            .setCommitted(true),
        EndTxnResponseData.class);
  }

  private TransactionState describe(String id) {
    return ask(
            describe,
            0,
            new DescribeTransactionsRequestData().setTransactionalIds(List.of(id)),
            DescribeTransactionsResponseData.class)
        .transactionStates()
        .getFirst();
  }

  @Test
  void theCoordinatorOfAnIdIsFoundAndItsTopicMadeForIt() {
    assertThat(init(5, -1, -1).errorCode()).isEqualTo(Errors.NOT_COORDINATOR.code());

    FindCoordinatorResponseData found =
        ask(
            find,
            4,
            new FindCoordinatorRequestData()
                .setKeyType(CoordinatorType.TRANSACTION.id())
                .setCoordinatorKeys(List.of(ID)),
            FindCoordinatorResponseData.class);

    // the engine of this world registers without an address
    assertThat(found.coordinators().getFirst().errorCode())
        .isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE.code());
    assertThat(init(5, -1, -1).errorCode()).isZero();
  }

  @Test
  void whatThisBrokerLeadsIsLoadedThoughNobodyAsks() {
    coordinator.start();
    assertThat(shards.present()).isEmpty();

    world.await(topic(TransactionCoordinator.TOPIC));
    world.pass(100);

    assertThat(shards.present()).hasSize(2).allMatch(CompletableFuture::isDone);
    coordinator.close();
    world.pass(5_000);
    assertThat(shards.present()).isEmpty();
  }

  @Test
  void whoWasFencedLearnsItInTheTermsOfItsVersion() {
    InitProducerIdResponseData first = begin();
    begin();
    world.createTopic("t", 1, Map.of());

    assertThat(init(3, first.producerId(), 0).errorCode())
        .isEqualTo(Errors.INVALID_PRODUCER_EPOCH.code());
    assertThat(init(4, first.producerId(), 0).errorCode()).isEqualTo(Errors.PRODUCER_FENCED.code());
    assertThat(error(add(1, first, partitions("t", 0)), "t", 0))
        .isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    assertThat(error(add(2, first, partitions("t", 0)), "t", 0)).isEqualTo(Errors.PRODUCER_FENCED);
    assertThat(end(1, first).errorCode()).isEqualTo(Errors.INVALID_PRODUCER_EPOCH.code());
    assertThat(end(2, first).errorCode()).isEqualTo(Errors.PRODUCER_FENCED.code());
  }

  @Test
  void allPartitionsAreAddedOrNone() {
    InitProducerIdResponseData producer = begin();
    world.createTopic("t", 1, Map.of());

    AddPartitionsToTxnTopicResultCollection results = add(3, producer, partitions("t", 0, 1));

    assertThat(error(results, "t", 0)).isEqualTo(Errors.OPERATION_NOT_ATTEMPTED);
    assertThat(error(results, "t", 1)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(describe(ID).transactionState()).isEqualTo("Empty");
    assertThat(error(add(3, producer, partitions("t", 0)), "t", 0)).isEqualTo(Errors.NONE);
    assertThat(describe(ID).transactionState()).isEqualTo("Ongoing");
  }

  @Test
  void leadersAddAndAskForSeveralTransactionsAtOnce() {
    InitProducerIdResponseData producer = begin();
    world.createTopic("t", 2, Map.of());
    add(3, producer, partitions("t", 0));
    AddPartitionsToTxnRequestData request = new AddPartitionsToTxnRequestData();
    request
        .transactions()
        .add(
            new AddPartitionsToTxnTransaction()
                .setTransactionalId(ID)
                .setProducerId(producer.producerId())
                .setProducerEpoch(producer.producerEpoch())
                .setVerifyOnly(true)
                .setTopics(partitions("t", 0, 1)));
    request
        .transactions()
        .add(
            new AddPartitionsToTxnTransaction()
                .setTransactionalId("nobody")
                .setProducerId(1)
                .setProducerEpoch((short) 0)
                .setTopics(partitions("t", 0)));

    AddPartitionsToTxnResponseData answer =
        ask(add, 5, request, AddPartitionsToTxnResponseData.class);

    AddPartitionsToTxnTopicResultCollection known =
        answer.resultsByTransaction().find(ID).topicResults();
    assertThat(error(known, "t", 0)).isEqualTo(Errors.NONE);
    assertThat(error(known, "t", 1)).isEqualTo(Errors.TRANSACTION_ABORTABLE);
    assertThat(error(answer.resultsByTransaction().find("nobody").topicResults(), "t", 0))
        .isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
  }

  @Test
  void aGroupsOffsetsAreAPartitionToo() {
    InitProducerIdResponseData producer = begin();

    AddOffsetsToTxnResponseData answer =
        ask(
            addOffsets,
            3,
            new AddOffsetsToTxnRequestData()
                .setTransactionalId(ID)
                .setProducerId(producer.producerId())
                .setProducerEpoch(producer.producerEpoch())
                .setGroupId("g"),
            AddOffsetsToTxnResponseData.class);

    assertThat(answer.errorCode()).isZero();
    assertThat(describe(ID).topics().find("__consumer_offsets").partitions()).hasSize(1);
  }

  @Test
  void onlyFromVersionFiveOnAnEndGivesTheNextEpoch() {
    InitProducerIdResponseData producer = begin();
    world.createTopic("t", 1, Map.of());
    add(3, producer, partitions("t", 0));

    EndTxnResponseData old = end(4, producer);

    assertThat(old.errorCode()).isZero();
    assertThat(old.producerEpoch()).isEqualTo((short) -1);
    add(3, producer, partitions("t", 0));
    EndTxnResponseData bumped = end(5, producer);
    assertThat(bumped.errorCode()).isZero();
    assertThat(bumped.producerId()).isEqualTo(producer.producerId());
    assertThat(bumped.producerEpoch()).isEqualTo((short) 1);
  }

  @Test
  void transactionsAreListedByFilter() {
    begin();
    ListTransactionsResponseData answer =
        ask(
            list,
            2,
            new ListTransactionsRequestData().setStateFilters(List.of("Empty", "Odd")),
            ListTransactionsResponseData.class);

    assertThat(answer.unknownStateFilters()).containsExactly("Odd");
    assertThat(answer.transactionStates())
        .extracting(ListTransactionsResponseData.TransactionState::transactionalId)
        .containsExactly(ID);
    assertThatThrownBy(() ->
            world.ask(list, 2, new ListTransactionsRequestData().setTransactionalIdPattern("([")))
        .isInstanceOf(InvalidRegularExpression.class);
  }

  @Test
  void whatIsNoTransactionalIdIsRefused() {
    begin();

    assertThat(describe("").errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    assertThat(describe("x".repeat(40_000)).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    assertThat(describe("nobody").errorCode()).isEqualTo(Errors.TRANSACTIONAL_ID_NOT_FOUND.code());
  }
}
