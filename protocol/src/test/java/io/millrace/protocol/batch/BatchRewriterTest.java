package io.millrace.protocol.batch;

import static io.millrace.protocol.batch.Batches.NOW;
import static io.millrace.protocol.batch.Batches.around;
import static io.millrace.protocol.batch.Batches.built;
import static io.millrace.protocol.batch.Batches.record;
import static io.millrace.protocol.batch.Batches.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.protocol.batch.BatchVerdict.Accepted;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;

class BatchRewriterTest {
  private static final Compression LZ4 = Compression.lz4().build();
  private static final Compression ZSTD = Compression.zstd().build();

  private final BatchValidator validator = new BatchValidator();
  private final BatchRewriter rewriter = new BatchRewriter();

  private Accepted accept(ByteBuffer b) {
    return (Accepted) validator.validate(b, (short) 12, BatchRules.DEFAULT, NOW);
  }

  private static List<String> records(ByteBuffer b) {
    List<String> result = new ArrayList<>();
    for (RecordBatch batch : MemoryRecords.readableRecords(b.duplicate()).batches()) {
      batch.ensureValid();
      for (Record r : batch) {
        result.add(
            r.offset()
                + " "
                + r.timestamp()
                + " "
                + StandardCharsets.UTF_8.decode(r.key())
                + " "
                + r.valueSize()
                + " "
                + r.headers().length);
      }
    }
    return result;
  }

  @Test
  void aGoodBatchPassesUntouched() {
    ByteBuffer batch = built(LZ4, NOW, 5);
    ByteBuffer before = ByteBuffer.allocate(batch.limit()).put(0, batch, 0, batch.limit());

    ByteBuffer prepared = rewriter.prepare(batch, accept(batch), null, BatchRules.DEFAULT);

    assertThat(prepared).isEqualTo(before);
    batch.putLong(0, 99);
    assertThat(BatchHeader.baseOffset(prepared, 0)).as("the same memory").isEqualTo(99);
  }

  @Test
  void anotherCodecHoldsTheSameRecords() {
    for (Compression from : List.of(Compression.NONE, LZ4, ZSTD)) {
      for (Compression to : List.of(Compression.NONE, LZ4, ZSTD)) {
        ByteBuffer batch = built(from, NOW, 50);

        ByteBuffer prepared = rewriter.prepare(batch, accept(batch), to, BatchRules.DEFAULT);

        assertThat(BatchHeader.compression(prepared, 0)).isEqualTo(to.type().id);
        assertThat(records(prepared)).isEqualTo(records(batch)).hasSize(50);
      }
    }
  }

  @Test
  void offsetDeltasOutOfOrderBecomeDense() {
    ByteBuffer batch = around(3, Compression.NONE, record(100), record(0), record(0));

    ByteBuffer prepared = rewriter.prepare(batch, accept(batch), null, BatchRules.DEFAULT);

    assertThat(records(prepared))
        .extracting(r -> r.substring(0, r.indexOf(' ')))
        .containsExactly("0", "1", "2");
  }

  @Test
  void aBatchTooLargeWithoutCompressionIsRefusedBeforeItIsMade() {
    ByteBuffer batch = built(ZSTD, NOW, 500);
    BatchRules rules = new BatchRules(batch.limit() + 10, false, false, Long.MAX_VALUE, 3_600_000);
    Accepted accepted = accept(batch);

    assertThatThrownBy(() -> rewriter.prepare(batch, accepted, Compression.NONE, rules))
        .isInstanceOf(RecordTooLargeException.class);
  }

  @Test
  void aWrongMaxTimestampIsMended() {
    ByteBuffer batch = built(Compression.NONE, NOW, 3);
    sealed(batch.putLong(BatchHeader.MAX_TIMESTAMP_AT, 77));

    ByteBuffer prepared = rewriter.prepare(batch, accept(batch), null, BatchRules.DEFAULT);

    assertThat(BatchHeader.maxTimestamp(prepared, 0)).isEqualTo(NOW + 2);
    assertThat(records(prepared)).hasSize(3);
  }

  @Test
  void appendTimeIsTheTimestampOfEveryRecord() {
    ByteBuffer batch = built(LZ4, NOW, 3);

    BatchRewriter.stampAppendTime(batch, 0, batch.limit(), NOW + 500);

    RecordBatch read = MemoryRecords.readableRecords(batch).batches().iterator().next();
    read.ensureValid();
    assertThat(read.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
    assertThat(read).allMatch(r -> r.timestamp() == NOW + 500);
  }

  @Test
  void aCursorStepsOverWholeBatchesAndStopsAtTornOnes() {
    ByteBuffer first = built(LZ4, NOW, 3);
    ByteBuffer second = built(Compression.NONE, NOW, 2);
    ByteBuffer both =
        ByteBuffer.allocate(first.limit() + second.limit()).put(first).put(second).flip();

    BatchCursor cursor = new BatchCursor(both);
    assertThat(cursor.next()).isTrue();
    cursor.checkCrc();
    assertThat(cursor.next()).isTrue();
    assertThat(cursor.position()).isEqualTo(first.limit());
    assertThat(cursor.sizeBytes()).isEqualTo(second.limit());
    cursor.checkCrc();
    assertThat(cursor.next()).isFalse();

    BatchCursor torn = new BatchCursor(both.limit(both.limit() - 1));
    assertThat(torn.next()).isTrue();
    assertThatThrownBy(torn::next).isInstanceOf(CorruptRecordException.class);
  }
}
