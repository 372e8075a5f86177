package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/**
 * Sends numbered batches to random partitions, up to five requests at once, and again until each is
 * acknowledged: with the same sequences if it is idempotent.
 */
final class Producer extends Client {
  private static final int REQUESTS_MAX = 5;
  private static final int PRODUCE_VERSION = 13;
  private static final int INIT_VERSION = 4;
  private static final Set<Errors> PASSING =
      EnumSet.of(
          Errors.NOT_LEADER_OR_FOLLOWER,
          Errors.KAFKA_STORAGE_ERROR,
          Errors.REQUEST_TIMED_OUT,
          Errors.NOT_ENOUGH_REPLICAS,
          Errors.THROTTLING_QUOTA_EXCEEDED);

  /** What brokers answer that have not heard yet of what others know. */
  private static final Set<Errors> BEHIND =
      EnumSet.of(Errors.UNKNOWN_TOPIC_ID, Errors.UNKNOWN_TOPIC_OR_PARTITION);

  private final boolean idempotent;
  private final short acks;
  private final boolean small;
  private final TreeMap<PartitionId, Lane> lanes = new TreeMap<>();
  private long producerId = -1;
  private short producerEpoch = -1;
  private @Nullable Connection initializing;
  private int laneNumber;
  private boolean backingOff;
  private String lastError = "none";

  Producer(String name, EventLoop loop, SplittableRandom random, World world, boolean idempotent) {
    super(name, loop, random, world);
    this.idempotent = idempotent;
    int dice = random.nextInt(10);
    this.acks = idempotent || dice < 6 ? (short) -1 : (short) (dice < 9 ? 1 : 0);
    this.small = random.nextInt(3) > 0;
  }

  @Override
  boolean done() {
    return lanes.values().stream().allMatch(lane -> lane.unsettled.isEmpty());
  }

  @Override
  String waitsFor() {
    StringBuilder text = new StringBuilder(name).append(", last error ").append(lastError);
    text.append(':');
    for (Lane lane : lanes.values()) {
      if (!lane.unsettled.isEmpty()) {
        text.append(
            " %s of %s (%s, leader epoch %d);"
                .formatted(
                    lane.unsettled.getFirst().name,
                    lane.ledger.id(),
                    lane,
                    leaderEpoch(lane.ledger.id())));
      }
    }
    return text.toString();
  }

  @Override
  void act() {
    if (idempotent && producerId < 0) {
      initialize();
    } else {
      for (int i = random.nextInt(3); i > 0 && !resting(); i--) {
        makeBatch();
      }
      sendRequests();
    }
    later(1 + random.nextInt(resting() ? 50 : 12), this::act);
  }

  @Override
  void onBroken(Connection connection) {
    if (connection.equals(initializing)) {
      initializing = null;
    }
    lanes.values().forEach(lane -> lane.onBroken(connection));
  }

  private void initialize() {
    Connection connection = initializing == null ? any() : null;
    if (connection != null) {
      initializing = connection;
      send(
          connection,
          new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(60_000),
          INIT_VERSION,
          this::onProducerId);
    }
  }

  private void onProducerId(ApiMessage reply) {
    initializing = null;
    InitProducerIdResponseData answer = (InitProducerIdResponseData) reply;
    if (answer.errorCode() == Errors.NONE.code()) {
      producerId = answer.producerId();
      producerEpoch = answer.producerEpoch();
    }
  }

  private void makeBatch() {
    List<Ledger.Topic> topics = ledger.topics();
    if (topics.isEmpty()) {
      return;
    }
    Ledger.Topic topic = topics.get(random.nextInt(topics.size()));
    PartitionLedger partition = topic.partitions().get(random.nextInt(topic.partitions().size()));
    if (partition.isDeleting()) {
      return;
    }
    Lane lane =
        lanes.computeIfAbsent(
            partition.id(), id -> new Lane(name, laneNumber++, topic.name(), partition));
    if (lane.unsettled.size() >= Lane.BATCHES_MAX) {
      return;
    }
    List<byte[]> paddings = new ArrayList<>();
    int records = 1 + random.nextInt(small ? 4 : 20);
    for (int i = 0; i < records; i++) {
      byte[] padding = new byte[random.nextInt(random.nextInt(40) == 0 ? 8_000 : 300)];
      for (int b = 0; b < padding.length; b++) {
        padding[b] = (byte) ('a' + random.nextInt(26));
      }
      paddings.add(padding);
    }
    Compression compression =
        random.nextInt(8) == 0 ? Compression.gzip().build() : Compression.NONE;
    SentBatch batch =
        new SentBatch(
            lane.nextName(),
            lane.nextNumber(),
            idempotent,
            RecordedBatch.encode(
                lane.nextName(),
                paddings,
                compression,
                clock.wallMs(),
                idempotent ? producerId : -1,
                producerEpoch,
                lane.nextSequence(),
                false));
    lane.add(batch, records);
  }

  /** Whether its topic was deleted, so that its batches need not go anywhere. */
  private boolean isGone(Lane lane) {
    return lane.ledger.isDeleting() && !world.stands(lane.ledger.id());
  }

  /**
   * Sends the last settled batch of each lane once more, as a retry that comes late, and tells
   * {@code onAnswered} how many did; where it lies is checked like any acknowledgement.
   */
  void repeatLast(IntConsumer onAnswered) {
    loop.execute(() -> {
      for (Lane lane : lanes.values()) {
        SentBatch batch = lane.lastSettled();
        Connection connection = batch == null ? null : leader(lane.ledger.id());
        if (batch != null && connection != null) {
          Request request = new Request(connection);
          request.add(lane, batch);
          send(
              connection,
              request.data,
              PRODUCE_VERSION,
              answer -> onAnswered((ProduceResponseData) answer, request.content, connection),
              answer -> onAnswered.accept(accepted((ProduceResponseData) answer, request.content)));
        }
      }
    });
  }

  private static int accepted(ProduceResponseData answer, List<Sending> content) {
    return (int)
        content.stream()
            .filter(sending -> result(answer, sending).errorCode() == Errors.NONE.code())
            .count();
  }

  private void sendRequests() {
    if (backingOff) {
      return;
    }
    lanes.values().removeIf(lane -> !ledger.oneBroker() && isGone(lane));
    boolean more = true;
    while (more) {
      TreeMap<String, Request> requests = new TreeMap<>();
      for (Lane lane : lanes.values()) {
        Connection connection = lane.hasUnsent() ? leader(lane.ledger.id()) : null;
        if (connection != null
            && connection.unanswered() < REQUESTS_MAX
            && lane.maySendVia(connection)) {
          requests.computeIfAbsent(connection.address(), _ -> new Request(connection)).take(lane);
        }
      }
      requests.values().forEach(this::send);
      more = !requests.isEmpty();
    }
  }

  private void send(Request request) {
    List<Sending> content = request.content;
    if (acks == 0) {
      send(request.connection, request.data, PRODUCE_VERSION, answer -> {});
      content.forEach(sending -> sending.lane.settled(sending.batch));
    } else {
      send(
          request.connection,
          request.data,
          PRODUCE_VERSION,
          answer -> onAnswered((ProduceResponseData) answer, content, request.connection),
          answer -> onReply((ProduceResponseData) answer, content));
    }
  }

  private static void put(ProduceRequestData request, PartitionId partition, ByteBuffer batch) {
    TopicProduceData topic = request.topicData().find("", partition.topicId());
    if (topic == null) {
      topic = new TopicProduceData().setTopicId(partition.topicId());
      request.topicData().add(topic);
    }
    topic
        .partitionData()
        .add(
            new PartitionProduceData()
                .setIndex(partition.partition())
                .setRecords(MemoryRecords.readableRecords(batch)));
  }

  /**
   * The broker has spoken: from now on what it said must hold, even if this client never hears it.
   */
  private void onAnswered(
      ProduceResponseData answer, List<Sending> content, Connection connection) {
    for (Sending sending : content) {
      PartitionProduceResponse result = result(answer, sending);
      if (result.errorCode() == Errors.NONE.code()) {
        sending.lane.ledger.acknowledged(
            sending.batch, result.baseOffset(), sending.sentAfterDelete, connection.process());
        world.onAcknowledged().run();
      } else if (result.errorCode() == Errors.NOT_LEADER_OR_FOLLOWER.code()) {
        sending.batch.refused(connection.process().writer());
      }
    }
  }

  private void onReply(ProduceResponseData answer, List<Sending> content) {
    for (Sending sending : content) {
      PartitionProduceResponse result = result(answer, sending);
      if (result.errorCode() != Errors.NONE.code()) {
        lastError = Errors.forCode(result.errorCode()) + " " + result.errorMessage();
      }
      onResult(sending, Errors.forCode(result.errorCode()));
    }
    sendRequests();
  }

  private void onResult(Sending sending, Errors error) {
    Lane lane = sending.lane;
    if (error == Errors.NONE) {
      lane.settled(sending.batch);
      return;
    }
    boolean gone = error == Errors.UNKNOWN_TOPIC_ID || error == Errors.UNKNOWN_TOPIC_OR_PARTITION;
    if (gone && isGone(lane)) {
      lanes.remove(lane.ledger.id(), lane);
      return;
    }
    boolean behindAnother =
        error == Errors.OUT_OF_ORDER_SEQUENCE_NUMBER && !lane.isHead(sending.batch);
    boolean behind = BEHIND.contains(error) && !ledger.oneBroker();
    if (!PASSING.contains(error) && !behindAnother && !behind) {
      throw new Violation(
          "A1: %s answered to %s of %s".formatted(error, sending.batch.name, lane.ledger.id()));
    }
    lane.failed();
    askWhoLeads();
    backingOff = true;
    later(10 + random.nextInt(100), () -> backingOff = false);
  }

  private static PartitionProduceResponse result(ProduceResponseData answer, Sending sending) {
    PartitionId id = sending.lane.ledger.id();
    for (TopicProduceResponse topic : answer.responses()) {
      if (topic.topicId().equals(id.topicId())) {
        for (PartitionProduceResponse partition : topic.partitionResponses()) {
          if (partition.index() == id.partition()) {
            return partition;
          }
        }
      }
    }
    throw new Violation("no answer for " + id);
  }

  private record Sending(Lane lane, SentBatch batch, boolean sentAfterDelete) {}

  /** A request being filled for one broker. */
  private final class Request {
    private static final int LANES_MAX = 3;

    private final Connection connection;
    private final ProduceRequestData data =
        new ProduceRequestData().setAcks(acks).setTimeoutMs(30_000);
    private final List<Sending> content = new ArrayList<>();

    Request(Connection connection) {
      this.connection = connection;
    }

    void take(Lane lane) {
      if (content.size() < LANES_MAX) {
        add(lane, lane.send(connection));
      }
    }

    void add(Lane lane, SentBatch batch) {
      content.add(new Sending(lane, batch, lane.ledger.isGoneAt(connection.process())));
      put(data, lane.ledger.id(), batch.attempt(connection.process().writer()));
    }
  }
}
