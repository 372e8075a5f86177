package io.millrace.conformance;

import io.millrace.protocol.batch.BatchHeader;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/**
 * A topic with one partition, produced to and fetched from by raw requests; outcomes in one line
 * each.
 */
final class RawTopic {
  private static final int PRODUCE_BY_NAME = 12;
  private static final int FETCH_BY_ID = 13;

  private final RawConnection connection;
  private final String name;
  private final Uuid id;

  private RawTopic(RawConnection connection, String name, Uuid id) {
    this.connection = connection;
    this.name = name;
    this.id = id;
  }

  /** Creates it and waits until it has a leader. */
  static RawTopic create(RawConnection connection, String name, Map<String, String> configs)
      throws IOException {
    CreatableTopic topic =
        new CreatableTopic().setName(name).setNumPartitions(1).setReplicationFactor((short) 1);
    configs.forEach((key, value) ->
        topic.configs().add(new CreatableTopicConfig().setName(key).setValue(value)));
    CreateTopicsRequestData request = new CreateTopicsRequestData().setTimeoutMs(30_000);
    request.topics().add(topic);
    CreateTopicsResponseData created =
        connection.ask(ApiKeys.CREATE_TOPICS, 7, request, CreateTopicsResponseData::new);
    short error = created.topics().iterator().next().errorCode();
    if (error != 0) {
      throw new IOException("topic %s: %s".formatted(name, Errors.forCode(error)));
    }
    MetadataRequestData ask =
        new MetadataRequestData().setTopics(List.of(new MetadataRequestTopic().setName(name)));
    MetadataResponseData.MetadataResponseTopic known;
    do {
      known =
          connection
              .ask(ApiKeys.METADATA, 12, ask, MetadataResponseData::new)
              .topics()
              .iterator()
              .next();
    } while (known.errorCode() != 0 || known.partitions().getFirst().errorCode() != 0);
    return new RawTopic(connection, name, known.topicId());
  }

  /** Another topic's name on the same connection. */
  RawTopic named(String other) {
    return new RawTopic(connection, other, Uuid.ZERO_UUID);
  }

  RawConnection connection() {
    return connection;
  }

  String name() {
    return name;
  }

  Uuid id() {
    return id;
  }

  String produce(@Nullable ByteBuffer records) throws IOException {
    return produce(records, -1, 0);
  }

  String produce(@Nullable ByteBuffer records, int acks, int partition) throws IOException {
    TopicProduceData topic = new TopicProduceData().setName(name);
    return produce(PRODUCE_BY_NAME, topic, records, acks, partition);
  }

  String produceById(Uuid topicId, ByteBuffer records) throws IOException {
    return produce(PRODUCE_BY_NAME + 1, new TopicProduceData().setTopicId(topicId), records, -1, 0);
  }

  private String produce(
      int version, TopicProduceData topic, @Nullable ByteBuffer records, int acks, int partition)
      throws IOException {
    topic
        .partitionData()
        .add(
            new PartitionProduceData()
                .setIndex(partition)
                .setRecords(records == null ? null : MemoryRecords.readableRecords(records)));
    ProduceRequestData request =
        new ProduceRequestData().setAcks((short) acks).setTimeoutMs(10_000);
    request.topicData().add(topic);
    try {
      ProduceResponseData response =
          connection.ask(ApiKeys.PRODUCE, version, request, ProduceResponseData::new);
      PartitionProduceResponse answer =
          response.responses().iterator().next().partitionResponses().getFirst();
      String at = answer.errorCode() == 0 ? " at " + answer.baseOffset() : "";
      List<Integer> records0 =
          answer.recordErrors().stream()
              .map(ProduceResponseData.BatchIndexAndErrorMessage::batchIndex)
              .toList();
      return Errors.forCode(answer.errorCode())
          + at
          + (records0.isEmpty() ? "" : " records " + records0);
    } catch (EOFException closed) {
      return "connection closed";
    }
  }

  FetchPartition wish(long offset) {
    return new FetchPartition()
        .setPartition(0)
        .setFetchOffset(offset)
        .setPartitionMaxBytes(1 << 20)
        .setCurrentLeaderEpoch(-1)
        .setLogStartOffset(-1);
  }

  String fetch(FetchPartition wish) throws IOException {
    return fetch(wish, id, 0, -1);
  }

  /** By topic id. */
  String fetch(FetchPartition wish, Uuid topicId, int sessionId, int sessionEpoch)
      throws IOException {
    FetchTopic topic = new FetchTopic().setTopicId(topicId).setPartitions(List.of(wish));
    return fetch(FETCH_BY_ID, topic, sessionId, sessionEpoch);
  }

  String fetchByName(FetchPartition wish) throws IOException {
    return fetch(
        FETCH_BY_ID - 1, new FetchTopic().setTopic(name).setPartitions(List.of(wish)), 0, -1);
  }

  private String fetch(int version, FetchTopic topic, int sessionId, int sessionEpoch)
      throws IOException {
    FetchRequestData request =
        new FetchRequestData()
            .setMaxWaitMs(0)
            .setMinBytes(1)
            .setMaxBytes(1 << 20)
            .setSessionId(sessionId)
            .setSessionEpoch(sessionEpoch)
            .setTopics(List.of(topic));
    FetchResponseData response =
        connection.ask(ApiKeys.FETCH, version, request, FetchResponseData::new);
    if (response.errorCode() != 0) {
      return "whole: " + Errors.forCode(response.errorCode());
    }
    if (response.responses().isEmpty()) {
      return "nothing new";
    }
    FetchResponseData.PartitionData data = response.responses().getFirst().partitions().getFirst();
    StringBuilder line = new StringBuilder(Errors.forCode(data.errorCode()).name());
    line.append(" hw ")
        .append(data.highWatermark())
        .append(" start ")
        .append(data.logStartOffset());
    if (data.records() instanceof MemoryRecords records && records.sizeInBytes() > 0) {
      line.append(" from ").append(BatchHeader.baseOffset(records.buffer(), 0));
    }
    return line.toString();
  }
}
