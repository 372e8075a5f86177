package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
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

  private final boolean idempotent;
  private final short acks;
  private final boolean small;
  private final TreeMap<PartitionId, Lane> lanes = new TreeMap<>();
  private long producerId = -1;
  private short producerEpoch = -1;
  private int requestsInFlight;
  private int laneNumber;
  private boolean backingOff;
  private boolean working;
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
    StringBuilder text = new StringBuilder(name).append(connected() ? "" : " (not connected)");
    text.append(
        " with %d requests in flight%s, ".formatted(requestsInFlight, working ? ", working" : ""));
    text.append("last error ").append(lastError).append(':');
    for (Lane lane : lanes.values()) {
      if (!lane.unsettled.isEmpty()) {
        text.append(
            " %s of %s (%s);".formatted(lane.unsettled.getFirst().name, lane.ledger.id(), lane));
      }
    }
    return text.toString();
  }

  @Override
  void onConnected() {
    if (idempotent && producerId < 0) {
      send(
          new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(60_000),
          INIT_VERSION,
          this::onProducerId);
    } else {
      produce();
    }
  }

  @Override
  void onBroken() {
    requestsInFlight = 0;
    lanes.values().forEach(Lane::connectionBroken);
  }

  private void onProducerId(ApiMessage reply) {
    InitProducerIdResponseData answer = (InitProducerIdResponseData) reply;
    if (answer.errorCode() == Errors.NONE.code()) {
      producerId = answer.producerId();
      producerEpoch = answer.producerEpoch();
    }
    later(1 + random.nextInt(20), this::onConnectedAgain);
  }

  private void onConnectedAgain() {
    if (connected()) {
      onConnected();
    }
  }

  private void produce() {
    if (!connected()) {
      return;
    }
    for (int i = random.nextInt(3); i > 0 && !resting(); i--) {
      makeBatch();
    }
    sendRequests();
    if (!working) {
      working = true;
      later(1 + random.nextInt(resting() ? 50 : 12), this::workAgain);
    }
  }

  private void workAgain() {
    working = false;
    produce();
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
                lane.nextSequence()));
    lane.add(batch, records);
  }

  private void sendRequests() {
    while (requestsInFlight < REQUESTS_MAX) {
      ProduceRequestData request = new ProduceRequestData().setAcks(acks).setTimeoutMs(30_000);
      List<Sending> content = new ArrayList<>();
      for (Lane lane : lanes.values()) {
        if (lane.hasUnsent() && content.size() < 3) {
          SentBatch batch = lane.send();
          content.add(new Sending(lane, batch, lane.ledger.isDeleted()));
          add(request, lane.ledger.id(), batch);
        }
      }
      if (content.isEmpty()) {
        return;
      }
      if (acks == 0) {
        send(request, PRODUCE_VERSION, answer -> {});
        content.forEach(sending -> sending.lane.settled(sending.batch));
      } else {
        requestsInFlight++;
        send(
            request,
            PRODUCE_VERSION,
            answer -> onAnswered((ProduceResponseData) answer, content),
            answer -> onReply((ProduceResponseData) answer, content));
      }
    }
  }

  private static void add(ProduceRequestData request, PartitionId partition, SentBatch batch) {
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
                .setRecords(MemoryRecords.readableRecords(batch.attempt())));
  }

  /**
   * The broker has spoken: from now on what it said must hold, even if this client never hears it.
   */
  private void onAnswered(ProduceResponseData answer, List<Sending> content) {
    for (Sending sending : content) {
      PartitionProduceResponse result = result(answer, sending);
      if (result.errorCode() == Errors.NONE.code()) {
        sending.lane.ledger.acknowledged(
            sending.batch, result.baseOffset(), sending.sentAfterDelete);
        onAcknowledged.run();
      }
    }
  }

  private void onReply(ProduceResponseData answer, List<Sending> content) {
    requestsInFlight--;
    for (Sending sending : content) {
      PartitionProduceResponse result = result(answer, sending);
      if (result.errorCode() != Errors.NONE.code()) {
        lastError = Errors.forCode(result.errorCode()) + " " + result.errorMessage();
      }
      onResult(sending, Errors.forCode(result.errorCode()));
    }
    if (!backingOff) {
      sendRequests();
    }
  }

  private void onResult(Sending sending, Errors error) {
    Lane lane = sending.lane;
    if (error == Errors.NONE) {
      lane.settled(sending.batch);
      return;
    }
    boolean gone = error == Errors.UNKNOWN_TOPIC_ID || error == Errors.UNKNOWN_TOPIC_OR_PARTITION;
    if (gone && lane.ledger.isDeleting()) {
      lanes.remove(lane.ledger.id(), lane);
      return;
    }
    boolean behindAnother =
        error == Errors.OUT_OF_ORDER_SEQUENCE_NUMBER && !lane.isHead(sending.batch);
    if (!PASSING.contains(error) && !behindAnother) {
      throw new Violation(
          "A1: %s answered to %s of %s".formatted(error, sending.batch.name, lane.ledger.id()));
    }
    lane.failed();
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
}
