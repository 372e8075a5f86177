package io.millrace.protocol.batch;

import static io.millrace.protocol.batch.Batches.NOW;
import static io.millrace.protocol.batch.Batches.around;
import static io.millrace.protocol.batch.Batches.aroundRaw;
import static io.millrace.protocol.batch.Batches.built;
import static io.millrace.protocol.batch.Batches.concat;
import static io.millrace.protocol.batch.Batches.fields;
import static io.millrace.protocol.batch.Batches.record;
import static io.millrace.protocol.batch.Batches.sealed;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.protocol.batch.BatchVerdict.Accepted;
import io.millrace.protocol.batch.BatchVerdict.RecordError;
import io.millrace.protocol.batch.BatchVerdict.Refused;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The codes expected here are those Apache Kafka 4.3.1 answered to the same bytes. */
class BatchValidatorTest {
  private static final short VERSION = 12;
  private static final Compression NONE = Compression.NONE;
  private static final Compression GZIP = Compression.gzip().build();
  private static final Compression SNAPPY = Compression.snappy().build();
  private static final Compression LZ4 = Compression.lz4().build();
  private static final Compression ZSTD = Compression.zstd().build();
  private static final BatchRules COMPACTED =
      new BatchRules(1_000_000, true, false, Long.MAX_VALUE, 3_600_000);
  private static final BatchRules NARROW = new BatchRules(1_000_000, false, false, 1000, 1000);
  private static final BatchRules APPEND_TIME =
      new BatchRules(1_000_000, false, true, Long.MAX_VALUE, 3_600_000);
  private static final BatchRules SMALL =
      new BatchRules(200, false, false, Long.MAX_VALUE, 3_600_000);

  private final BatchValidator validator = new BatchValidator();

  private Errors code(@Nullable ByteBuffer records, BatchRules rules) {
    return switch (validator.validate(records, VERSION, rules, NOW)) {
      case Accepted _ -> Errors.NONE;
      case Refused refused -> Errors.forException(refused.error());
    };
  }

  private static ByteBuffer changed(ByteBuffer b, Consumer<ByteBuffer> change) {
    change.accept(b);
    return sealed(b);
  }

  private static ByteBuffer with(byte[] tail) {
    ByteBuffer batch = built(NONE, NOW, 2);
    return ByteBuffer.allocate(batch.remaining() + tail.length).put(batch).put(tail).flip();
  }

  private static byte[] bytes(ByteBuffer b) {
    byte[] bytes = new byte[b.remaining()];
    b.get(0, bytes);
    return bytes;
  }

  private static ByteBuffer header(Consumer<ByteBuffer> change) {
    return changed(built(NONE, NOW, 2), change);
  }

  private static ByteBuffer unsealed(Consumer<ByteBuffer> change) {
    ByteBuffer b = built(NONE, NOW, 2);
    change.accept(b);
    return b;
  }

  private static ByteBuffer withCount(int count, Compression codec) {
    return changed(
        built(codec, NOW, 2),
        b ->
            b.putInt(BatchHeader.RECORD_COUNT_AT, count)
                .putInt(BatchHeader.LAST_OFFSET_DELTA_AT, count - 1));
  }

  private static ByteBuffer one(Compression codec, Object... fields) {
    return around(1, codec, record(fields(fields)));
  }

  private static byte[] cut(byte[] bytes, int by) {
    return Arrays.copyOf(bytes, bytes.length - by);
  }

  static Stream<Arguments> cases() {
    BatchRules plain = BatchRules.DEFAULT;
    byte[] three = concat(record(0), record(1), record(2));
    return Stream.of(
        Arguments.of("plain", Errors.NONE, built(NONE, NOW, 3), plain),
        Arguments.of("gzip", Errors.NONE, built(GZIP, NOW, 3), plain),
        Arguments.of("snappy", Errors.NONE, built(SNAPPY, NOW, 3), plain),
        Arguments.of("lz4", Errors.NONE, built(LZ4, NOW, 3), plain),
        Arguments.of("zstd", Errors.NONE, built(ZSTD, NOW, 3), plain),
        Arguments.of("no bytes", Errors.INVALID_RECORD, ByteBuffer.allocate(0), plain),
        Arguments.of("ten bytes", Errors.INVALID_RECORD, ByteBuffer.allocate(10), plain),
        Arguments.of("magic 0", Errors.INVALID_RECORD, header(b -> b.put(16, (byte) 0)), plain),
        Arguments.of("magic 1", Errors.INVALID_RECORD, header(b -> b.put(16, (byte) 1)), plain),
        Arguments.of("magic 3", Errors.CORRUPT_MESSAGE, header(b -> b.put(16, (byte) 3)), plain),
        Arguments.of("magic -1", Errors.CORRUPT_MESSAGE, header(b -> b.put(16, (byte) -1)), plain),
        Arguments.of("two batches", Errors.INVALID_RECORD, with(bytes(built(NONE, NOW, 2))), plain),
        Arguments.of("five bytes behind", Errors.NONE, with(new byte[5]), plain),
        Arguments.of("thirty zeros behind", Errors.CORRUPT_MESSAGE, with(new byte[30]), plain),
        Arguments.of(
            "length too long",
            Errors.INVALID_RECORD,
            unsealed(b -> b.putInt(8, b.getInt(8) + 1)),
            plain),
        Arguments.of(
            "length too short",
            Errors.CORRUPT_MESSAGE,
            unsealed(b -> b.putInt(8, b.getInt(8) - 1)),
            plain),
        Arguments.of("length -5", Errors.CORRUPT_MESSAGE, unsealed(b -> b.putInt(8, -5)), plain),
        Arguments.of("length 20", Errors.CORRUPT_MESSAGE, unsealed(b -> b.putInt(8, 20)), plain),
        Arguments.of(
            "bad crc", Errors.CORRUPT_MESSAGE, unsealed(b -> b.put(70, (byte) ~b.get(70))), plain),
        Arguments.of("base offset 7", Errors.INVALID_RECORD, header(b -> b.putLong(0, 7)), plain),
        Arguments.of("leader epoch 77", Errors.NONE, header(b -> b.putInt(12, 77)), plain),
        Arguments.of("count 0", Errors.INVALID_RECORD, withCount(0, NONE), plain),
        Arguments.of("count 1 of 2", Errors.INVALID_RECORD, withCount(1, NONE), plain),
        Arguments.of("count 3 of 2", Errors.INVALID_RECORD, withCount(3, NONE), plain),
        Arguments.of("count 1 of 2, lz4", Errors.INVALID_RECORD, withCount(1, LZ4), plain),
        Arguments.of("count 3 of 2, lz4", Errors.INVALID_RECORD, withCount(3, LZ4), plain),
        Arguments.of(
            "last offset delta 7", Errors.INVALID_RECORD, header(b -> b.putInt(23, 7)), plain),
        Arguments.of(
            "last offset delta -1", Errors.INVALID_RECORD, header(b -> b.putInt(23, -1)), plain),
        Arguments.of(
            "control batch",
            Errors.INVALID_RECORD,
            header(b -> b.putShort(21, (short) 0x20)),
            plain),
        Arguments.of(
            "producer without sequence",
            Errors.INVALID_RECORD,
            header(b -> b.putLong(43, 5)),
            plain),
        Arguments.of("deltas 0, 0", Errors.NONE, around(2, NONE, record(0), record(0)), plain),
        Arguments.of("codec 5", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 5, record(0)), plain),
        Arguments.of("no gzip", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 1, record(0)), plain),
        Arguments.of("no snappy", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 2, record(0)), plain),
        Arguments.of("no lz4", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 3, record(0)), plain),
        Arguments.of("no zstd", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 4, record(0)), plain),
        Arguments.of(
            "gzip cut",
            Errors.UNKNOWN_SERVER_ERROR,
            aroundRaw(3, 1, cut(Batches.compressed(GZIP, three), 6)),
            plain),
        Arguments.of(
            "snappy cut",
            Errors.UNKNOWN_SERVER_ERROR,
            aroundRaw(3, 2, cut(Batches.compressed(SNAPPY, three), 6)),
            plain),
        Arguments.of(
            "lz4 cut",
            Errors.UNKNOWN_SERVER_ERROR,
            aroundRaw(3, 3, cut(Batches.compressed(LZ4, three), 6)),
            plain),
        Arguments.of(
            "zstd cut",
            Errors.UNKNOWN_SERVER_ERROR,
            aroundRaw(3, 4, cut(Batches.compressed(ZSTD, three), 6)),
            plain),
        Arguments.of(
            "no bytes in gzip", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 1, new byte[0]), plain),
        Arguments.of(
            "no bytes in snappy", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 2, new byte[0]), plain),
        Arguments.of(
            "no bytes in lz4", Errors.UNKNOWN_SERVER_ERROR, aroundRaw(1, 3, new byte[0]), plain),
        Arguments.of(
            "no bytes in zstd", Errors.INVALID_RECORD, aroundRaw(1, 4, new byte[0]), plain),
        Arguments.of(
            "record cut in gzip", Errors.INVALID_RECORD, around(3, GZIP, cut(three, 4)), plain),
        Arguments.of(
            "record cut in snappy", Errors.INVALID_RECORD, around(3, SNAPPY, cut(three, 4)), plain),
        Arguments.of(
            "record cut in lz4", Errors.INVALID_RECORD, around(3, LZ4, cut(three, 4)), plain),
        Arguments.of(
            "record cut in zstd", Errors.INVALID_RECORD, around(3, ZSTD, cut(three, 4)), plain),
        Arguments.of("records cut", Errors.INVALID_RECORD, around(2, NONE, record(0)), plain),
        Arguments.of(
            "more after the records",
            Errors.INVALID_RECORD,
            around(1, NONE, record(0), new byte[3]),
            plain),
        Arguments.of(
            "more after the records, lz4",
            Errors.INVALID_RECORD,
            around(1, LZ4, record(0), record(1)),
            plain),
        Arguments.of("key size -2", Errors.NONE, one(NONE, 0, 0, 0, -2, 1, "v", 0), plain),
        Arguments.of("value size -7", Errors.NONE, one(NONE, 0, 0, 0, 1, "k", -7, 0), plain),
        Arguments.of(
            "key size 1000", Errors.INVALID_RECORD, one(NONE, 0, 0, 0, 1000, 1, "v", 0), plain),
        Arguments.of(
            "value size 1000, lz4",
            Errors.INVALID_RECORD,
            one(LZ4, 0, 0, 0, 1, "k", 1000, "v", 0),
            plain),
        Arguments.of(
            "headers -1", Errors.INVALID_RECORD, one(NONE, 0, 0, 0, 1, "k", 1, "v", -1), plain),
        Arguments.of(
            "headers 1000", Errors.INVALID_RECORD, one(NONE, 0, 0, 0, 1, "k", 1, "v", 1000), plain),
        Arguments.of(
            "header missing", Errors.INVALID_RECORD, one(LZ4, 0, 0, 0, 1, "k", 1, "v", 1), plain),
        Arguments.of(
            "header without key",
            Errors.INVALID_RECORD,
            one(NONE, 0, 0, 0, 1, "k", 1, "v", 1, -1, 1, "v"),
            plain),
        Arguments.of(
            "header without value",
            Errors.NONE,
            one(NONE, 0, 0, 0, 1, "k", 1, "v", 1, 0, -1),
            plain),
        Arguments.of(
            "more in a record",
            Errors.INVALID_RECORD,
            one(NONE, 0, 0, 0, 1, "k", 1, "v", 0, 0, 0),
            plain),
        Arguments.of(
            "more in a record, zstd",
            Errors.INVALID_RECORD,
            one(ZSTD, 0, 0, 0, 1, "k", 1, "v", 0, 0, 0),
            plain),
        Arguments.of(
            "endless varint",
            Errors.INVALID_RECORD,
            one(NONE, 0, 0, new byte[] {-1, -1, -1, -1, -1, 1}, 1, "k", 1, "v", 0),
            plain),
        Arguments.of(
            "empty record", Errors.INVALID_RECORD, around(1, NONE, record(new byte[0])), plain),
        Arguments.of(
            "record size -1", Errors.INVALID_RECORD, around(1, NONE, fields(-1), record(0)), plain),
        Arguments.of(
            "record size 500",
            Errors.INVALID_RECORD,
            around(1, NONE, fields(500), record(0)),
            plain),
        Arguments.of(
            "no key, compacted",
            Errors.INVALID_RECORD,
            one(NONE, 0, 0, 0, -1, 1, "v", 0),
            COMPACTED),
        Arguments.of(
            "no key, compacted, lz4",
            Errors.INVALID_RECORD,
            one(LZ4, 0, 0, 0, -1, 1, "v", 0),
            COMPACTED),
        Arguments.of(
            "empty key, compacted", Errors.NONE, one(NONE, 0, 0, 0, 0, 1, "v", 0), COMPACTED),
        Arguments.of("too old", Errors.INVALID_TIMESTAMP, built(NONE, NOW - 60_000, 2), NARROW),
        Arguments.of("too old, lz4", Errors.INVALID_TIMESTAMP, built(LZ4, NOW - 60_000, 2), NARROW),
        Arguments.of(
            "from the future", Errors.INVALID_TIMESTAMP, built(NONE, NOW + 60_000, 2), NARROW),
        Arguments.of(
            "without timestamp", Errors.NONE, around(1, NONE, record(0)).duplicate(), NARROW),
        Arguments.of(
            "timestamp minimum",
            Errors.INVALID_TIMESTAMP,
            header(b -> b.putLong(27, Long.MIN_VALUE)),
            plain),
        Arguments.of(
            "append time by a client",
            Errors.INVALID_TIMESTAMP,
            header(b -> b.putShort(21, (short) 8)),
            APPEND_TIME),
        Arguments.of(
            "append time bit, create time topic",
            Errors.NONE,
            header(b -> b.putShort(21, (short) 8)),
            plain),
        Arguments.of(
            "old, append time topic", Errors.NONE, built(NONE, NOW - 999_999, 2), APPEND_TIME),
        Arguments.of("too large", Errors.MESSAGE_TOO_LARGE, built(NONE, NOW, 50), SMALL),
        Arguments.of(
            "too large and bad crc",
            Errors.MESSAGE_TOO_LARGE,
            built(NONE, NOW, 50).putInt(17, 1),
            SMALL),
        Arguments.of(
            "too large and base offset",
            Errors.INVALID_RECORD,
            built(NONE, NOW, 50).putLong(0, 1),
            SMALL));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void anyRecordsFieldIsAnsweredAsKafkaDoes(
      String name, Errors expected, ByteBuffer records, BatchRules rules) {
    assertThat(code(records, rules)).isEqualTo(expected);
  }

  @Test
  void aNullRecordsFieldIsRefused() {
    assertThat(code(null, BatchRules.DEFAULT)).isEqualTo(Errors.INVALID_RECORD);
  }

  @Test
  void zstdNeedsAProduceVersionThatKnowsIt() {
    BatchVerdict verdict =
        validator.validate(built(ZSTD, NOW, 1), (short) 6, BatchRules.DEFAULT, NOW);

    assertThat(Errors.forException(((Refused) verdict).error()))
        .isEqualTo(Errors.UNSUPPORTED_COMPRESSION_TYPE);
  }

  @Test
  void everyRecordWithoutKeyIsTold() {
    byte[] noKey = record(fields(0, 0, 1, -1, 1, "v", 0));
    BatchVerdict verdict =
        validator.validate(
            around(3, NONE, record(0), noKey, record(fields(0, 0, 2, -1, -1, 0))),
            VERSION,
            COMPACTED,
            NOW);

    assertThat(((Refused) verdict).recordErrors())
        .extracting(RecordError::index)
        .isEqualTo(List.of(1, 2));
  }

  @Test
  void theLargestTimestampOfTheRecordsIsFoundWhateverTheHeaderSays() {
    ByteBuffer batch = header(b -> b.putLong(BatchHeader.MAX_TIMESTAMP_AT, 1));

    Accepted accepted = (Accepted) validator.validate(batch, VERSION, BatchRules.DEFAULT, NOW);

    assertThat(accepted.maxTimestamp()).isEqualTo(NOW + 1);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void aBatchThatDecompressesBeyondTheLimitIsRefusedOnTheWay(Compression codec) {
    byte[] zeros = new byte[4 << 20];
    ByteBuffer bomb = one(codec, 0, 0, 0, -1, zeros.length, zeros, 0);

    BatchVerdict verdict =
        new BatchValidator(1 << 20).validate(bomb, VERSION, BatchRules.DEFAULT, NOW);

    assertThat(Errors.forException(((Refused) verdict).error()))
        .isEqualTo(codec.type().id == 0 ? Errors.NONE : Errors.INVALID_RECORD);
  }

  static Stream<Compression> codecs() {
    return Stream.of(GZIP, SNAPPY, LZ4, ZSTD);
  }

  @Test
  void snappySizesThatAreOnlyAnnouncedAllocateNothing() {
    byte[] head = {(byte) 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
    byte[] hugeChunk = {0x1f, -1, -1, -1, 1, 0};
    byte[] hugeOutput = {0, 0, 0, 6, -1, -1, -1, -1, 3, 0};
    for (byte[] body :
        List.of(
            concat(head, hugeChunk), concat(head, hugeOutput), new byte[] {-1, -1, -1, -1, 3, 0})) {
      assertThat(code(aroundRaw(1, 2, body), BatchRules.DEFAULT))
          .isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
    }
  }
}
