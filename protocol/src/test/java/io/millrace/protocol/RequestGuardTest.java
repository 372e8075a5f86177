package io.millrace.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.ByteUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestGuardTest {
  private static final long BYTES_PER_REQUEST_MAX = 4 << 20;

  private final RequestDecoder decoder = new RequestDecoder();

  static ByteBuffer frame(ApiKeys api, short version, ApiMessage body) {
    RequestHeaderData header =
        new RequestHeaderData()
            .setRequestApiKey(api.id)
            .setRequestApiVersion(version)
            .setCorrelationId(7)
            .setClientId("test");
    short headerVersion = api.requestHeaderVersion(version);
    ObjectSerializationCache cache = new ObjectSerializationCache();
    int size = header.size(cache, headerVersion) + body.size(cache, version);
    ByteBufferAccessor out = new ByteBufferAccessor(ByteBuffer.allocate(size));
    header.write(out, cache, headerVersion);
    body.write(out, cache, version);
    return out.buffer().flip();
  }

  private ApiMessage decode(ApiKeys api, short version, ByteBuffer frame) {
    decoder.header(frame);
    return decoder.body(api, version, frame);
  }

  @ParameterizedTest
  @EnumSource(ApiKeys.class)
  void everyRequestOfEveryVersionPassesAsItIs(ApiKeys api) {
    for (short version : api.allVersions()) {
      ApiMessage request = api.messageType.newRequest();

      ApiMessage decoded = decode(api, version, frame(api, version, request));

      assertThat(decoded.highestSupportedVersion()).isEqualTo(request.highestSupportedVersion());
    }
  }

  @Test
  void recordsAreSlicesOfTheFrame() {
    PartitionProduceData partition =
        new PartitionProduceData()
            .setRecords(MemoryRecords.readableRecords(ByteBuffer.allocate(100)));
    TopicProduceData topic = new TopicProduceData().setName("t");
    topic.partitionData().add(partition);
    ProduceRequestData request = new ProduceRequestData();
    request.topicData().add(topic);
    ByteBuffer frame = frame(ApiKeys.PRODUCE, (short) 9, request);

    ProduceRequestData decoded = (ProduceRequestData) decode(ApiKeys.PRODUCE, (short) 9, frame);

    MemoryRecords records =
        (MemoryRecords) decoded.topicData().iterator().next().partitionData().getFirst().records();
    assertThat(records.buffer().remaining()).isEqualTo(100);
    for (int i = 0; i < frame.limit(); i++) {
      frame.put(i, (byte) 7);
    }
    assertThat(records.buffer().get(50)).isEqualTo((byte) 7);
  }

  @Test
  void anArrayLongerThanTheRequestIsRefusedBeforeItIsAllocated() {
    ByteBuffer frame = frame(ApiKeys.METADATA, (short) 1, new MetadataRequestData());
    frame.putInt(frame.limit() - 4, Integer.MAX_VALUE);

    assertThatThrownBy(() -> decode(ApiKeys.METADATA, (short) 1, frame))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("2147483647 elements");
  }

  @Test
  void elementsOfOneRequestAreLimited() {
    int count = RequestGuard.ELEMENTS_MAX + 1;
    ByteBuffer empty = frame(ApiKeys.METADATA, (short) 1, new MetadataRequestData());
    ByteBuffer frame = ByteBuffer.allocate(empty.limit() + 2 * count);
    frame.put(empty).putInt(empty.limit() - 4, count).rewind();

    assertThatThrownBy(() -> decode(ApiKeys.METADATA, (short) 1, frame))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("too many elements");
  }

  @Test
  void taggedFieldsThatDoNotFitAreRefused() {
    ByteBuffer good = frame(ApiKeys.METADATA, (short) 12, new MetadataRequestData());
    ByteBuffer frame = ByteBuffer.allocate(good.limit() + 8);
    frame.put(good).position(good.limit() - 1);
    ByteUtils.writeUnsignedVarint(1, frame);
    ByteUtils.writeUnsignedVarint(99, frame);
    ByteUtils.writeUnsignedVarint(1 << 30, frame);
    frame.flip();

    assertThatThrownBy(() -> decode(ApiKeys.METADATA, (short) 12, frame))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("tagged field 99");
  }

  @Test
  void aHeaderThatDoesNotFitIsRefused() {
    for (int size = 0; size < 8; size++) {
      ByteBuffer frame = ByteBuffer.allocate(size);
      assertThatThrownBy(() -> decoder.header(frame)).isInstanceOf(InvalidRequestException.class);
    }
    ByteBuffer unknownApi = ByteBuffer.allocate(20).putShort(0, (short) 999);
    assertThatThrownBy(() -> decoder.header(unknownApi))
        .isInstanceOf(InvalidRequestException.class);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {11, 12})
  void hostileBytesAreDecodedOrRefusedWithoutMuchMemory(long seed) {
    Random random = new Random(seed);
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    List<ApiKeys> apis = new ArrayList<>(ApiKeys.clientApis());
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      ApiKeys api = apis.get(random.nextInt(apis.size()));
      List<Short> versions = api.allVersions();
      short version = versions.get(random.nextInt(versions.size()));
      ByteBuffer frame = hostile(random, frame(api, version, sample(api)));

      long before = threads.getCurrentThreadAllocatedBytes();
      try {
        decode(api, version, frame);
      } catch (InvalidRequestException expected) {
        refused++;
      }
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;

      assertThat(allocated)
          .as("%s %d round %d", api, version, round)
          .isLessThan(BYTES_PER_REQUEST_MAX);
    }
    assertThat(refused).isGreaterThan(1_000);
  }

  private static ApiMessage sample(ApiKeys api) {
    return api == ApiKeys.METADATA
        ? new MetadataRequestData().setTopics(List.of(new MetadataRequestTopic().setName("topic")))
        : api.messageType.newRequest();
  }

  private static ByteBuffer hostile(Random random, ByteBuffer good) {
    ByteBuffer b = ByteBuffer.allocate(good.limit() + random.nextInt(40)).put(good).rewind();
    int bodyFrom = Math.min(16, b.limit() - 1);
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      int at = bodyFrom + random.nextInt(b.limit() - bodyFrom);
      if (random.nextBoolean() && at + 4 <= b.limit()) {
        b.putInt(at, random.nextBoolean() ? Integer.MAX_VALUE : random.nextInt());
      } else {
        b.put(at, (byte) random.nextInt());
      }
    }
    return b;
  }
}
