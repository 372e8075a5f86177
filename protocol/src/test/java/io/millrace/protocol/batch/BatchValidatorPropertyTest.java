package io.millrace.protocol.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.protocol.batch.BatchVerdict.Accepted;
import io.millrace.protocol.batch.BatchVerdict.Refused;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Batches damaged at random: always a verdict, little memory, and what is accepted can be read by
 * Kafka's own reader.
 */
class BatchValidatorPropertyTest {
  private static final int ROUNDS = 4_000;
  private static final long BYTES_PER_ROUND_MAX = 24 << 20;
  private static final List<Compression> CODECS =
      List.of(
          Compression.NONE,
          Compression.gzip().build(),
          Compression.snappy().build(),
          Compression.lz4().build(),
          Compression.zstd().build());

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void anyDamageEndsInAVerdictThatKafkasReaderShares(long seed) {
    Random random = new Random(seed);
    BatchValidator validator = new BatchValidator(8 << 20);
    BatchRewriter rewriter = new BatchRewriter();
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
      ByteBuffer batch = damaged(random);

      long before = threads.getCurrentThreadAllocatedBytes();
      BatchVerdict verdict = validator.validate(batch, (short) 12, BatchRules.DEFAULT, Batches.NOW);
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;

      assertThat(allocated).as("round %d", round).isLessThan(BYTES_PER_ROUND_MAX);
      switch (verdict) {
        case Refused refused -> assertThat(refused.error().getMessage()).isNotBlank();
        case Accepted a -> {
          accepted++;
          checkReadable(rewriter, batch, a);
        }
      }
    }
    assertThat(accepted).isBetween(ROUNDS / 20, ROUNDS - ROUNDS / 20);
  }

  private static void checkReadable(BatchRewriter rewriter, ByteBuffer batch, Accepted a) {
    if (!a.dense() && BatchHeader.compression(batch, 0) != 0) {
      return;
    }
    ByteBuffer prepared = rewriter.prepare(batch, a, null, BatchRules.DEFAULT);
    int count = 0;
    for (RecordBatch read : MemoryRecords.readableRecords(prepared.duplicate()).batches()) {
      read.ensureValid();
      for (Record r : read) {
        assertThat(r.offset()).isEqualTo(count++);
      }
    }
    assertThat(count).isEqualTo(a.recordCount());
  }

  private static ByteBuffer damaged(Random random) {
    Compression codec = CODECS.get(random.nextInt(CODECS.size()));
    ByteBuffer b = Batches.built(codec, Batches.NOW, 1 + random.nextInt(20));
    int from = random.nextInt(4) == 0 ? 0 : BatchHeader.HEADER_BYTES;
    for (int i = random.nextInt(4); i > 0; i--) {
      int at = from + random.nextInt(b.limit() - from);
      b.put(
          at,
          (byte) (random.nextBoolean() ? random.nextInt() : b.get(at) ^ 1 << random.nextInt(8)));
    }
    if (random.nextInt(10) == 0) {
      b.limit(b.limit() - random.nextInt(b.limit()));
    }
    boolean whole = b.limit() > BatchHeader.HEADER_BYTES;
    return whole && random.nextInt(8) != 0 ? Batches.sealed(b) : b;
  }
}
