package io.millrace.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;

class ResponseEncoderTest {
  private final AtomicInteger released = new AtomicInteger();

  private static ByteBuffer joined(EncodedResponse response) {
    ByteBuffer all = ByteBuffer.allocate(response.sizeBytes());
    response.buffers().forEach(b -> all.put(b.duplicate()));
    assertThat(all.hasRemaining()).isFalse();
    return all.flip();
  }

  private static <T extends ApiMessage> T decoded(
      ApiKeys api, short version, EncodedResponse response, T into) {
    ByteBuffer bytes = joined(response);
    assertThat(bytes.getInt()).isEqualTo(bytes.remaining());
    ByteBufferAccessor in = new ByteBufferAccessor(bytes);
    assertThat(new ResponseHeaderData(in, api.responseHeaderVersion(version)).correlationId())
        .isEqualTo(42);
    into.read(in, version);
    assertThat(bytes.hasRemaining()).isFalse();
    return into;
  }

  private RecordSlices slices(String... parts) {
    return new RecordSlices(
        List.of(parts).stream()
            .map(p -> ByteBuffer.wrap(p.getBytes(StandardCharsets.UTF_8)))
            .toList(),
        released::incrementAndGet);
  }

  private static FetchResponseData fetch(PartitionData... partitions) {
    return new FetchResponseData()
        .setResponses(
            List.of(new FetchableTopicResponse().setTopic("t").setPartitions(List.of(partitions))));
  }

  @Test
  void recordsAreWrittenFromWhereTheyLie() {
    RecordSlices lent = slices("first", "second");
    FetchResponseData body =
        fetch(
            new PartitionData().setPartitionIndex(0).setRecords(lent),
            new PartitionData().setPartitionIndex(1).setRecords(MemoryRecords.EMPTY));

    EncodedResponse response = ResponseEncoder.encode(ApiKeys.FETCH, (short) 12, 42, body);

    lent.buffers().getFirst().put(0, (byte) 'F');
    FetchResponseData read = decoded(ApiKeys.FETCH, (short) 12, response, new FetchResponseData());
    PartitionData partition = read.responses().getFirst().partitions().getFirst();
    ByteBuffer records = ((MemoryRecords) partition.records()).buffer();
    assertThat(StandardCharsets.UTF_8.decode(records).toString()).isEqualTo("Firstsecond");
  }

  @Test
  void lentRecordsAreReleasedOnceWithTheResponse() {
    EncodedResponse response =
        ResponseEncoder.encode(
            ApiKeys.FETCH, (short) 12, 42, fetch(new PartitionData().setRecords(slices("x"))));

    assertThat(released).hasValue(0);
    response.release();
    response.release();

    assertThat(released).hasValue(1);
  }

  @Test
  void lentRecordsAreReleasedWhenTheResponseCannotBeMade() {
    FetchResponseData bad =
        fetch(
            new PartitionData().setRecords(slices("x")),
            new PartitionData().setRecords(new Foreign()));

    assertThatThrownBy(() -> ResponseEncoder.encode(ApiKeys.FETCH, (short) 12, 42, bad))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(released).hasValue(1);
  }

  @Test
  void largeResponsesSpanSegments() {
    MetadataResponseData body = new MetadataResponseData();
    for (int i = 0; i < 5_000; i++) {
      body.topics().add(new MetadataResponseTopic().setName("topic-" + "x".repeat(i % 200) + i));
    }

    EncodedResponse response = ResponseEncoder.encode(ApiKeys.METADATA, (short) 12, 42, body);

    assertThat(decoded(ApiKeys.METADATA, (short) 12, response, new MetadataResponseData()))
        .isEqualTo(body);
  }

  @Test
  void apiVersionsAlwaysHasTheOldestHeader() {
    EncodedResponse response =
        ResponseEncoder.encode(ApiKeys.API_VERSIONS, (short) 4, 42, new ApiVersionsResponseData());

    ByteBuffer bytes = joined(response);
    assertThat(bytes.getInt(4)).isEqualTo(42);
    assertThat(bytes.getShort(8)).as("error code right behind the correlation id").isZero();
    decoded(ApiKeys.API_VERSIONS, (short) 4, response, new ApiVersionsResponseData());
  }

  private static final class Foreign
      implements org.apache.kafka.common.record.internal.BaseRecords {
    @Override
    public int sizeInBytes() {
      return 3;
    }

    @Override
    public org.apache.kafka.common.record.internal.RecordsSend<Foreign> toSend() {
      throw new UnsupportedOperationException();
    }
  }
}
