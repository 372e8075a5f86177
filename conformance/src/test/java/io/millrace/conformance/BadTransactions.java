package io.millrace.conformance;

import io.millrace.protocol.batch.BatchHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.apache.kafka.common.requests.ListOffsetsRequest;

/** The part of {@link BadInput} about transactions at the leader of a partition. */
final class BadTransactions {
  private final Map<String, String> table;
  private final RawTopic topic;
  private final RawTopic second;
  private final String id;
  private final long producer;

  /**
   * @param table that the answers go to
   */
  BadTransactions(Map<String, String> table, RawTopic topic, RawTopic second) throws IOException {
    this.table = table;
    this.topic = topic;
    this.second = second;
    this.id = topic.name();
    this.producer = producerId();
  }

  void run() throws IOException {
    row("transaction: not added, version 10", produce(10, id, batch(0, 0)));
    row("transaction: not added, version 11", produce(11, id, batch(0, 0)));
    row("transaction: unknown transactional id", produce(12, id + "-absent", batch(0, 0)));
    row("transaction: another producer id", produce(12, id, other(0)));
    row("transaction: epoch of the future", produce(12, id, batch(7, 0)));
    row("transaction: begins at sequence 1", produce(12, id, batch(0, 1)));
    row("transaction: begins at sequence 0", produce(12, id, batch(0, 0)));
    row("transaction: duplicate", produce(12, id, batch(0, 0)));
    row("transaction: gap", produce(12, id, batch(0, 2)));
    row("transaction: batch outside of it", topic.produce(plain(1)));
    row("transaction: two producers", produce(12, id, batch(0, 1), other(0)));
    row("transaction: goes on by an older version", produce(11, id, batch(0, 1)));
    row("transaction: readers while it is open", readers());
    row("transaction: producers while it is open", producers(topic.name(), 0));
    markers();
    row("transaction: readers of what was aborted", readers());
    row("transaction: producers afterwards", producers(topic.name(), 0));
    row("transaction: late batch", produce(12, id, batch(0, 2)));
    row("producers: unknown topic", producers(topic.name() + "-absent", 0));
    row("producers: unknown partition", producers(topic.name(), 1));
  }

  private void markers() throws IOException {
    row("marker: unknown topic", marker(topic.name() + "-absent", 0, producer, 1, 5, 2));
    row("marker: unknown partition", marker(topic.name(), 1, producer, 1, 5, 2));
    row("marker: epoch of the open transaction, version 2", marker(0, 5, 2));
    row("marker: higher epoch, version 2", marker(1, 5, 2));
    row("marker: again", marker(1, 5, 2));
    row("marker: lower coordinator epoch", marker(1, 4, 2));
    row("marker: lower epoch, version 1", marker(0, 5, 1));
    row("marker: lower epoch, version 2", marker(0, 5, 2));
    row("marker: unknown producer", marker(topic.name(), 0, producer + 1_000_000, 3, 0, 2));
  }

  private void row(String name, String answer) {
    table.put(name, answer);
  }

  private long producerId() throws IOException {
    FindCoordinatorRequestData find =
        new FindCoordinatorRequestData()
            .setKeyType(CoordinatorType.TRANSACTION.id())
            .setCoordinatorKeys(List.of(id));
    while (topic
            .connection()
            .ask(ApiKeys.FIND_COORDINATOR, 6, find, FindCoordinatorResponseData::new)
            .coordinators()
            .getFirst()
            .errorCode()
        != 0) {
      Thread.onSpinWait(); // the topic of the coordinators is being made
    }
    InitProducerIdRequestData request =
        new InitProducerIdRequestData().setTransactionalId(id).setTransactionTimeoutMs(60_000);
    InitProducerIdResponseData answer;
    do {
      answer =
          topic
              .connection()
              .ask(ApiKeys.INIT_PRODUCER_ID, 5, request, InitProducerIdResponseData::new);
    } while (answer.errorCode() != 0);
    return answer.producerId();
  }

  private ByteBuffer batch(int epoch, int sequence) {
    return transactional(producer, epoch, sequence);
  }

  private ByteBuffer other(int epoch) {
    return transactional(producer + 1_000_000, epoch, 0);
  }

  private static ByteBuffer transactional(long producerId, int epoch, int sequence) {
    return RawBatch.withCrc(
        RawBatch.transactional(producerId)
            .putShort(BatchHeader.PRODUCER_EPOCH_AT, (short) epoch)
            .putInt(BatchHeader.BASE_SEQUENCE_AT, sequence));
  }

  private ByteBuffer plain(int sequence) {
    return RawBatch.idempotent(producer, 0, sequence, 1);
  }

  /** The answer to the first batch; another one goes to the second topic. */
  private String produce(int version, String transactionalId, ByteBuffer... batches)
      throws IOException {
    ProduceRequestData request =
        new ProduceRequestData()
            .setTransactionalId(transactionalId)
            .setAcks((short) -1)
            .setTimeoutMs(10_000);
    for (int i = 0; i < batches.length; i++) {
      TopicProduceData part = new TopicProduceData().setName(i == 0 ? topic.name() : second.name());
      part.partitionData()
          .add(
              new PartitionProduceData()
                  .setIndex(0)
                  .setRecords(MemoryRecords.readableRecords(batches[i])));
      request.topicData().add(part);
    }
    ProduceResponseData response =
        topic.connection().ask(ApiKeys.PRODUCE, version, request, ProduceResponseData::new);
    PartitionProduceResponse answer =
        response.responses().stream()
            .filter(each -> each.name().equals(topic.name()))
            .findFirst()
            .orElseThrow()
            .partitionResponses()
            .getFirst();
    return Errors.forCode(answer.errorCode())
        + (answer.errorCode() == 0 ? " at " + answer.baseOffset() : "");
  }

  private String marker(int epoch, int coordinatorEpoch, int version) throws IOException {
    return marker(topic.name(), 0, producer, epoch, coordinatorEpoch, version);
  }

  private String marker(
      String name, int partition, long producerId, int epoch, int coordinatorEpoch, int version)
      throws IOException {
    WriteTxnMarkersRequestData request =
        new WriteTxnMarkersRequestData()
            .setMarkers(
                List.of(
                    new WritableTxnMarker()
                        .setProducerId(producerId)
                        .setProducerEpoch((short) epoch)
                        .setCoordinatorEpoch(coordinatorEpoch)
                        .setTransactionResult(false)
                        .setTransactionVersion((byte) version)
                        .setTopics(
                            List.of(
                                new WritableTxnMarkerTopic()
                                    .setName(name)
                                    .setPartitionIndexes(List.of(partition))))));
    return Errors.forCode(
            topic
                .connection()
                .ask(ApiKeys.WRITE_TXN_MARKERS, 2, request, WriteTxnMarkersResponseData::new)
                .markers()
                .getFirst()
                .topics()
                .getFirst()
                .partitions()
                .getFirst()
                .errorCode())
        .name();
  }

  private String producers(String name, int partition) throws IOException {
    DescribeProducersRequestData request =
        new DescribeProducersRequestData()
            .setTopics(
                List.of(new TopicRequest().setName(name).setPartitionIndexes(List.of(partition))));
    PartitionResponse answer =
        topic
            .connection()
            .ask(ApiKeys.DESCRIBE_PRODUCERS, 0, request, DescribeProducersResponseData::new)
            .topics()
            .getFirst()
            .partitions()
            .getFirst();
    return Errors.forCode(answer.errorCode())
        + answer.activeProducers().stream()
            .map(p ->
                " [epoch %d, sequence %d, coordinator %d, open from %d]"
                    .formatted(
                        p.producerEpoch(),
                        p.lastSequence(),
                        p.coordinatorEpoch(),
                        p.currentTxnStartOffset()))
            .sorted()
            .collect(Collectors.joining());
  }

  /** What a reader of committed records gets from the start, and where those end. */
  private String readers() throws IOException {
    FetchRequestData request =
        new FetchRequestData()
            .setMaxWaitMs(0)
            .setMinBytes(1)
            .setMaxBytes(1 << 20)
            .setSessionEpoch(-1)
            .setIsolationLevel(IsolationLevel.READ_COMMITTED.id())
            .setTopics(
                List.of(
                    new FetchTopic().setTopicId(topic.id()).setPartitions(List.of(topic.wish(0)))));
    FetchResponseData.PartitionData data =
        topic
            .connection()
            .ask(ApiKeys.FETCH, 13, request, FetchResponseData::new)
            .responses()
            .getFirst()
            .partitions()
            .getFirst();
    return "hw %d lso %d %s, aborted from %s, end of committed %d"
        .formatted(
            data.highWatermark(),
            data.lastStableOffset(),
            data.records() == null || data.records().sizeInBytes() == 0 ? "empty" : "records",
            data.abortedTransactions().stream().map(each -> each.firstOffset()).toList(),
            committedEnd());
  }

  private long committedEnd() throws IOException {
    ListOffsetsRequestData request =
        new ListOffsetsRequestData()
            .setReplicaId(-1)
            .setIsolationLevel(IsolationLevel.READ_COMMITTED.id())
            .setTopics(
                List.of(
                    new ListOffsetsTopic()
                        .setName(topic.name())
                        .setPartitions(
                            List.of(
                                new ListOffsetsPartition()
                                    .setPartitionIndex(0)
                                    .setTimestamp(ListOffsetsRequest.LATEST_TIMESTAMP)))));
    return topic
        .connection()
        .ask(ApiKeys.LIST_OFFSETS, 11, request, ListOffsetsResponseData::new)
        .topics()
        .getFirst()
        .partitions()
        .getFirst()
        .offset();
  }
}
