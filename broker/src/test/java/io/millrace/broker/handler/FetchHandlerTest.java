package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.fetch.FetchSessions;
import io.millrace.protocol.RecordSlices;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.metadata.MetadataRecord.QuotasChanged;
import io.millrace.storage.metadata.QuotaEntity;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class FetchHandlerTest {
  private final EngineWorld world = new EngineWorld();
  private final Uuid topic = world.createTopic("alpha", 3, Map.of());

  @Test
  void whatIsThereIsAnsweredAtOnce() {
    append(0, 2);
    append(1, 3);

    FetchResponseData answer =
        world.await(fetch(request(10_000, 1), wish(0, 0), wish(1, 0), wish(2, 0)));

    assertThat(told(answer))
        .containsExactly("0: NONE hw 2 from 0", "1: NONE hw 3 from 0", "2: NONE hw 0");
    release(answer);
  }

  @Test
  void aBugInOnePartitionGivesTheOthersTheirRecords() {
    append(0, 2);
    FetchHandler handler =
        new FetchHandler(
            world.engine.metadata()::image,
            world.failingOn(new PartitionId(topic, 1)),
            new FetchSessions(10, world.environment.clock(), world.environment.randomness()),
            world.environment.threads().eventLoop("fetch"),
            1 << 20,
            world.quotas);
    FetchRequestData request = request(10_000, 1);
    request
        .topics()
        .add(new FetchTopic().setTopicId(topic).setPartitions(List.of(wish(0, 0), wish(1, 0))));

    FetchResponseData answer = world.await(handler.handle(HandlerWorld.context(13), request));

    assertThat(told(answer)).first().isEqualTo("0: NONE hw 2 from 0");
    assertThat(told(answer)).last().asString().startsWith("1: UNKNOWN_SERVER_ERROR");
    release(answer);
  }

  @Test
  void aLongPollWaitsForTheNextRecords() {
    append(0, 2);
    CompletableFuture<FetchResponseData> answer = fetch(request(10_000, 1), wish(0, 2), wish(1, 0));
    world.pass(5_000);
    assertThat(answer).isNotDone();

    append(1, 1);
    world.pass(10);

    assertThat(answer).isDone();
    assertThat(told(answer.join())).containsExactly("0: NONE hw 2", "1: NONE hw 1 from 0");
    release(answer.join());
  }

  @Test
  void aLongPollEndsWhenItsTimeIsUp() {
    CompletableFuture<FetchResponseData> answer = fetch(request(500, 1), wish(0, 0));
    world.pass(499);
    assertThat(answer).isNotDone();
    world.pass(10);

    assertThat(told(answer.join())).containsExactly("0: NONE hw 0");
  }

  @Test
  void aLongPollWaitsForAsManyBytesAsItWants() {
    int size = EngineWorld.batch(1).limit();
    CompletableFuture<FetchResponseData> answer =
        fetch(request(10_000, 2 * size), wish(0, 0), wish(1, 0));
    append(0, 1);
    world.pass(100);
    assertThat(answer).isNotDone();

    append(1, 1);
    world.pass(100);

    assertThat(told(answer.join())).containsExactly("0: NONE hw 1 from 0", "1: NONE hw 1 from 0");
    release(answer.join());
  }

  @Test
  void recordsThatComeBetweenReadingAndListeningAreNotMissed() {
    for (int i = 0; i < 50; i++) {
      CompletableFuture<FetchResponseData> answer = fetch(request(60_000, 1), wish(0, i));
      engineAppend(0, 1);
      world.pass(200);
      assertThat(answer).isDone();
      release(answer.join());
    }
  }

  @Test
  void deletingATopicEndsTheWait() {
    CompletableFuture<FetchResponseData> answer = fetch(request(10_000, 1), wish(0, 0));
    world.pass(10);

    world.deleteTopic(topic);
    world.pass(10);

    assertThat(told(answer.join())).containsExactly("0: UNKNOWN_TOPIC_ID hw -1");
  }

  @Test
  void anErrorIsAnsweredAtOnce() {
    append(0, 2);

    FetchResponseData answer =
        world.await(fetch(request(10_000, 1), wish(0, 3), wish(9, 0), wish(1, 0)));

    assertThat(told(answer))
        .containsExactly(
            "0: OFFSET_OUT_OF_RANGE hw -1", "9: UNKNOWN_TOPIC_OR_PARTITION hw -1", "1: NONE hw 0");
  }

  @Test
  void theFirstBatchComesWholeAndTheRestKeepsTheLimit() {
    append(0, 10);
    append(1, 10);
    FetchRequestData request = request(0, 1).setMaxBytes(1);

    FetchResponseData answer = world.await(fetch(request, wish(0, 0), wish(1, 0)));

    assertThat(told(answer)).containsExactly("0: NONE hw 10 from 0", "1: NONE hw 10");
    release(answer);
  }

  @Test
  void aSessionTellsOnlyWhatIsNew() {
    append(0, 1);
    FetchResponseData first =
        world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0), wish(1, 0), wish(2, 0)));
    int session = first.sessionId();
    assertThat(session).isPositive();
    assertThat(told(first)).hasSize(3);
    release(first);

    FetchResponseData quiet = world.await(fetch(next(session, 1), wish(0, 1)));
    assertThat(told(quiet)).isEmpty();

    append(2, 1);
    FetchResponseData news = world.await(fetch(next(session, 2)));
    assertThat(told(news)).containsExactly("2: NONE hw 1 from 0");
    release(news);
  }

  @Test
  void aConsumerAboveItsQuotaGetsNothingForATimeAndItsSessionGoesOn() {
    append(0, 1);
    FetchResponseData first = world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0)));
    release(first);
    append(0, 1);
    world.await(
        world
            .engine
            .metadata()
            .submit(
                new QuotasChanged(
                    new QuotaEntity(List.of(new QuotaEntity.Part("user", Optional.empty()))),
                    Map.of("consumer_byte_rate", Optional.of(1.0)))));

    FetchResponseData whole = world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0)));
    FetchResponseData more = world.await(fetch(next(first.sessionId(), 1), wish(0, 1)));

    assertThat(whole.throttleTimeMs()).isPositive();
    assertThat(whole.sessionId()).as("it cannot begin a session").isZero();
    assertThat(told(whole)).isEmpty();
    assertThat(more.throttleTimeMs()).isPositive();
    assertThat(more.sessionId()).isEqualTo(first.sessionId());
    assertThat(told(more)).isEmpty();

    world.await(
        world
            .engine
            .metadata()
            .submit(
                new QuotasChanged(
                    new QuotaEntity(List.of(new QuotaEntity.Part("user", Optional.empty()))),
                    Map.of("consumer_byte_rate", Optional.empty()))));
    FetchResponseData later = world.await(fetch(next(first.sessionId(), 2)));
    assertThat(told(later)).containsExactly("0: NONE hw 2 from 1");
    release(later);
  }

  @Test
  void aForgottenPartitionIsNotToldAnyMore() {
    int session =
        world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0), wish(1, 0))).sessionId();
    append(0, 1);
    append(1, 1);
    FetchRequestData request = next(session, 1);
    request.setForgottenTopicsData(
        List.of(new ForgottenTopic().setTopicId(topic).setPartitions(List.of(0))));

    FetchResponseData answer = world.await(fetch(request));

    assertThat(told(answer)).containsExactly("1: NONE hw 1 from 0");
    release(answer);
  }

  @Test
  void aPartitionThatHadRecordsGoesBehindTheOthers() {
    int session =
        world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0), wish(1, 0))).sessionId();
    append(0, 10);
    append(1, 10);
    FetchResponseData first = world.await(fetch(next(session, 1).setMaxBytes(1)));
    assertThat(told(first)).containsExactly("0: NONE hw 10 from 0", "1: NONE hw 10");
    release(first);

    FetchResponseData second = world.await(fetch(next(session, 2).setMaxBytes(1)));

    assertThat(told(second)).containsExactly("1: NONE hw 10 from 0");
    release(second);
  }

  @Test
  void aSessionsRequestsComeInTheirOrder() {
    int session = world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0))).sessionId();

    assertThat(error(fetch(next(session, 2)))).isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH);
    assertThat(error(fetch(next(session, 1)))).isEqualTo(Errors.NONE);
    assertThat(error(fetch(next(session, 1)))).isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH);
    assertThat(error(fetch(next(session + 1, 1)))).isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND);
  }

  @Test
  void aSessionByIdIsNotUsedByName() {
    int session = world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0))).sessionId();

    FetchResponseData answer =
        (FetchResponseData) world.await(world.ask(world.fetch, 12, next(session, 1)));

    assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.FETCH_SESSION_TOPIC_ID_ERROR);
  }

  @Test
  void aClosedSessionIsGone() {
    int session = world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0))).sessionId();

    world.await(fetch(next(session, -1)));

    assertThat(error(fetch(next(session, 1)))).isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND);
  }

  @Test
  void sessionsBeyondTheLimitAreServedWithoutOneUntilOldOnesMayGo() {
    for (int i = 0; i < 10; i++) {
      assertThat(world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0))).sessionId())
          .isPositive();
    }
    assertThat(
            world
                .await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0), wish(1, 0)))
                .sessionId())
        .isZero();

    world.pass(121_000);

    assertThat(world.await(fetch(request(0, 1).setSessionEpoch(0), wish(0, 0))).sessionId())
        .isPositive();
  }

  @Test
  void namesServeUpToVersionTwelve() {
    append(0, 1);
    FetchTopic byName = new FetchTopic().setTopic("alpha").setPartitions(List.of(wish(0, 0)));

    FetchResponseData answer =
        (FetchResponseData)
            world.await(world.ask(world.fetch, 12, request(0, 1).setTopics(List.of(byName))));

    assertThat(answer.responses().getFirst().topic()).isEqualTo("alpha");
    assertThat(told(answer)).containsExactly("0: NONE hw 1 from 0");
    release(answer);
  }

  private CompletableFuture<FetchResponseData> fetch(
      FetchRequestData request, FetchPartition... wishes) {
    if (wishes.length > 0) {
      request.setTopics(List.of(new FetchTopic().setTopicId(topic).setPartitions(List.of(wishes))));
    }
    return world.fetch.handle(HandlerWorld.context(17), request);
  }

  private static FetchRequestData request(int maxWaitMs, int minBytes) {
    return new FetchRequestData()
        .setMaxWaitMs(maxWaitMs)
        .setMinBytes(minBytes)
        .setMaxBytes(1 << 20)
        .setSessionEpoch(-1);
  }

  private static FetchRequestData next(int session, int epoch) {
    return request(0, 1).setSessionId(session).setSessionEpoch(epoch);
  }

  private static FetchPartition wish(int partition, long offset) {
    return new FetchPartition()
        .setPartition(partition)
        .setFetchOffset(offset)
        .setPartitionMaxBytes(1 << 20)
        .setCurrentLeaderEpoch(-1);
  }

  private Errors error(CompletableFuture<FetchResponseData> answer) {
    return Errors.forCode(world.await(answer).errorCode());
  }

  private void append(int partition, int records) {
    world.await(engineAppend(partition, records));
  }

  private CompletableFuture<?> engineAppend(int partition, int records) {
    return world
        .engine
        .open(new PartitionId(topic, partition))
        .thenCompose(log -> log.append(EngineWorld.batch(records), -1, Origin.CLIENT));
  }

  private static List<String> told(FetchResponseData answer) {
    List<String> lines = new ArrayList<>();
    answer
        .responses()
        .forEach(each ->
            each.partitions()
                .forEach(data ->
                    lines.add(
                        "%d: %s hw %d%s"
                            .formatted(
                                data.partitionIndex(),
                                Errors.forCode(data.errorCode()),
                                data.highWatermark(),
                                from(data)))));
    return lines;
  }

  private static String from(PartitionData data) {
    if (data.records() instanceof RecordSlices slices) {
      ByteBuffer first = slices.buffers().getFirst();
      return " from " + BatchHeader.baseOffset(first, first.position());
    }
    return "";
  }

  private static void release(FetchResponseData answer) {
    answer
        .responses()
        .forEach(each ->
            each.partitions()
                .forEach(data -> {
                  if (data.records() instanceof RecordSlices slices) {
                    slices.release();
                  }
                }));
  }
}
