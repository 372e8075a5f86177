package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.EpochStart;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import io.millrace.storage.object.Footer.Run;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class FooterTest {
  private static final PartitionId A = new PartitionId(new Uuid(1, 2), 0);
  private static final PartitionId B = new PartitionId(new Uuid(1, 2), 1);

  private final FooterBuilder builder = new FooterBuilder();
  private long position;

  @Test
  void aFooterAddsUpWhatItsBatchesSay() {
    add(B, SampleBatches.plain(0, 1, 5, 6));
    ByteBuffer first = SampleBatches.plain(10, 1, 100, 300, 200);
    ByteBuffer second = SampleBatches.plain(13, 4, 300);
    add(A, first);
    add(A, second);

    Footer footer = builder.build();

    assertThat(footer.partitions()).extracting(PartitionFooter::partition).containsExactly(A, B);
    PartitionFooter a = part(footer, A);
    assertThat(a.baseOffset()).isEqualTo(10);
    assertThat(a.endOffset()).isEqualTo(14);
    assertThat(a.recordCount()).isEqualTo(4);
    assertThat(a.bytes()).isEqualTo(first.limit() + second.limit());
    assertThat(a.maxTimestamp()).isEqualTo(300);
    assertThat(a.maxTimestampOffset()).isEqualTo(10);
    assertThat(a.epochs()).containsExactly(new EpochStart(1, 10), new EpochStart(4, 13));
  }

  @Test
  void batchesSideBySideAreOneRunUpToItsLimit() {
    ByteBuffer batch = SampleBatches.plain(0, 0, 1);
    FooterBuilder small = new FooterBuilder(2 * batch.limit());
    int size = batch.limit();
    for (int i = 0; i < 3; i++) {
      small.add(A, SampleBatches.plain(i, 0, 7 + i), 0, 4096 + (long) i * size);
    }
    small.add(A, SampleBatches.plain(3, 0, 1), 0, 20_000);

    assertThat(part(small.build(), A).runs())
        .containsExactly(
            new Run(0, 2, 4096, 2 * size, 8),
            new Run(2, 3, 4096 + 2L * size, size, 9),
            new Run(3, 4, 20_000, size, 1));
  }

  @Test
  void aGapInOffsetsBeginsAnotherPart() {
    add(A, SampleBatches.plain(0, 0, 1));
    add(B, SampleBatches.plain(7, 0, 1));
    add(A, SampleBatches.plain(5, 0, 1));
    add(A, SampleBatches.plain(6, 0, 1));

    EncodedFooter encoded = builder.encode();
    Footer footer = FooterCodec.decode("k", encoded.bytes());

    assertThat(footer.of(A)).extracting(PartitionFooter::baseOffset).containsExactly(0L, 5L);
    assertThat(footer.of(A)).extracting(PartitionFooter::endOffset).containsExactly(1L, 7L);
    assertThat(footer.at(A, 3)).isNull();
    assertThat(footer.at(A, 6)).isEqualTo(footer.of(A).getLast());
    assertThat((long) encoded.bytes().remaining()).isEqualTo(builder.encodedBytesMax());
  }

  @Test
  void theLastFiveBatchesOfAProducerAreKept() {
    for (int i = 0; i < 7; i++) {
      add(A, SampleBatches.idempotent(i * 2L, 77, 0, i * 2, 2));
    }

    ProducerSnapshot producer = part(builder.build(), A).producers().getFirst();

    assertThat(producer.producerId()).isEqualTo(77);
    assertThat(producer.batches()).hasSize(5);
    assertThat(producer.batches().getFirst()).isEqualTo(new BatchSequence(4, 5, 5, 1, 1001));
    assertThat(producer.batches().getLast()).isEqualTo(new BatchSequence(12, 13, 13, 1, 1001));
  }

  @Test
  void sequencesWrapAroundToZero() {
    add(A, SampleBatches.idempotent(0, 77, 0, Integer.MAX_VALUE - 1, 4));

    assertThat(part(builder.build(), A).producers().getFirst().batches())
        .containsExactly(new BatchSequence(Integer.MAX_VALUE - 1, 1, 3, 3, 1003));
  }

  @Test
  void aNewProducerEpochForgetsTheBatchesOfTheOldOne() {
    add(A, SampleBatches.idempotent(0, 77, 0, 0, 2));
    add(A, SampleBatches.idempotent(2, 77, 1, 0, 1));

    ProducerSnapshot producer = part(builder.build(), A).producers().getFirst();
    assertThat(producer.producerEpoch()).isEqualTo((short) 1);
    assertThat(producer.batches()).containsExactly(new BatchSequence(0, 0, 2, 0, 1000));
  }

  @Test
  void anOpenTransactionIsKnownByItsFirstOffset() {
    add(A, SampleBatches.transactional(0, 5, 0, 0, 2));
    add(A, SampleBatches.marker(2, 5, 0, false, 9));
    add(A, SampleBatches.transactional(3, 5, 0, 2, 1));
    add(A, SampleBatches.transactional(4, 5, 0, 3, 1));

    PartitionFooter footer = part(builder.build(), A);
    assertThat(footer.producers().getFirst().transactionFirstOffset()).isEqualTo(3);
    assertThat(footer.producers().getFirst().coordinatorEpoch()).isEqualTo(9);
    assertThat(footer.abortedTransactions()).isEmpty();
  }

  @Test
  void anAbortedTransactionBeginsWithItsFirstBatchAfterTheLastMarker() {
    add(A, SampleBatches.plain(0, 3, 1));
    add(A, SampleBatches.transactional(1, 5, 0, 0, 1));
    add(A, SampleBatches.marker(2, 5, 0, true, 9));
    add(A, SampleBatches.transactional(3, 5, 0, 1, 1));
    add(A, SampleBatches.marker(4, 5, 0, true, 9));

    PartitionFooter footer = part(builder.build(), A);
    // the first one may have begun before the object
    assertThat(footer.abortedTransactions())
        .containsExactly(new AbortedTransaction(5, 0, 2), new AbortedTransaction(5, 3, 4));
    assertThat(footer.producers().getFirst().transactionFirstOffset()).isEqualTo(-1);
  }

  @Test
  void offsetsThatGoBackAreRefused() {
    add(A, SampleBatches.plain(5, 0, 1));

    assertThatThrownBy(() -> add(A, SampleBatches.plain(5, 0, 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theSizeKeptOnTheWayIsNeverTooSmallAndNeverGrowsByMoreThanSaid() {
    SplittableRandom random = new SplittableRandom(4711);
    long[] next = new long[20];
    for (int i = 0; i < 600; i++) {
      int p = random.nextInt(next.length);
      long before = builder.encodedBytesMax();
      ByteBuffer batch =
          random.nextInt(3) == 0
              ? SampleBatches.idempotent(next[p], random.nextInt(9), 0, i, 1 + random.nextInt(3))
              : SampleBatches.random(random, next[p], i / 100, 500);
      add(new PartitionId(new Uuid(9, p % 3), p), batch);
      position += random.nextInt(3) == 0 ? random.nextInt(100_000) : 0;
      next[p] = SampleBatches.end(batch);
      assertThat(builder.encodedBytesMax() - before)
          .isLessThanOrEqualTo(FooterBuilder.batchBytesMax());
    }

    EncodedFooter encoded = builder.encode();

    assertThat((long) encoded.bytes().remaining()).isEqualTo(builder.encodedBytesMax());
    assertThat(FooterCodec.lengthAt(encoded.bytes())).isEqualTo(encoded.bytes().remaining());
    assertThat(FooterCodec.decode("k", encoded.bytes())).isEqualTo(builder.build());
  }

  @Test
  void theBytesOfVersionOneStayAsTheyAre() throws IOException {
    sample();

    assertThat(bytes(builder.encode().bytes())).isEqualTo(golden("footer-1.bin"));
    assertThat(FooterCodec.decode("k", ByteBuffer.wrap(golden("footer-1.bin"))))
        .isEqualTo(builder.build());
  }

  @Test
  void offsetsThatWereCompactedAwayBelongToTheBatchBehindThem() {
    ByteBuffer first = SampleBatches.plain(12, 1, 5);
    ByteBuffer second = SampleBatches.plain(20, 1, 6);
    builder.add(A, first, 0, 0, 10, 40);
    builder.add(A, second, 0, first.limit(), 13, 40);
    builder.add(A, SampleBatches.plain(21, 1, 7), 0, 10_000, 21, 0);

    EncodedFooter encoded = builder.encode();
    Footer footer = FooterCodec.decode("k", encoded.bytes());

    assertThat((long) encoded.bytes().remaining()).isEqualTo(builder.encodedBytesMax());
    assertThat(footer).isEqualTo(builder.build());
    assertThat(footer.of(A)).extracting(PartitionFooter::compactedTo).containsExactly(40L, 0L);
    assertThat(footer.of(A)).extracting(PartitionFooter::baseOffset).containsExactly(10L, 21L);
    assertThat(footer.of(A)).extracting(PartitionFooter::endOffset).containsExactly(21L, 22L);
    assertThat(footer.of(A).getFirst().runs())
        .containsExactly(new Run(10, 21, 0, first.limit() + second.limit(), 6));
    assertThat(footer.at(A, 15)).isEqualTo(footer.of(A).getFirst());
  }

  @Test
  void onlyWhatWasCompactedMayLackOffsets() {
    add(A, SampleBatches.plain(5, 0, 1));

    assertThatThrownBy(() -> builder.add(A, SampleBatches.plain(8, 0, 1), 0, position, 6, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theBytesOfVersionTwoStayAsTheyAre() throws IOException {
    sample();
    builder.add(
        B, SampleBatches.plain((1L << 50) + 9, 4, 1), 0, position, (1L << 50) + 1, 1L << 51);

    assertThat(bytes(builder.encode().bytes())).isEqualTo(golden("footer-2.bin"));
    assertThat(FooterCodec.decode("k", ByteBuffer.wrap(golden("footer-2.bin"))))
        .isEqualTo(builder.build());
  }

  @Test
  void anyFlippedBitIsFound() {
    sample();
    byte[] good = bytes(builder.encode().bytes());
    for (int i = 0; i < good.length * 8; i++) {
      byte[] bad = good.clone();
      bad[i / 8] ^= (byte) (1 << (i % 8));
      assertThatThrownBy(() -> FooterCodec.decode("k", ByteBuffer.wrap(bad)))
          .isInstanceOf(ObjectCorruptException.class);
    }
  }

  @Test
  void anyCutIsFound() {
    sample();
    byte[] good = bytes(builder.encode().bytes());
    for (int length = 0; length < good.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(good, 0, length).slice();
      assertThatThrownBy(() -> FooterCodec.decode("k", cut))
          .isInstanceOf(ObjectCorruptException.class);
    }
  }

  @Test
  void countsThatDoNotFitTakeNoMemory() {
    sample();
    ByteBuffer bad = ByteBuffer.wrap(bytes(builder.encode().bytes()));
    bad.putInt(FooterCodec.HEADER_BYTES - 4, Integer.MAX_VALUE);
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(bad.slice(0, bad.limit() - 4));
    bad.putInt(bad.limit() - 4, (int) crc.getValue());

    assertThatThrownBy(() -> FooterCodec.decode("k", bad))
        .isInstanceOf(ObjectCorruptException.class)
        .hasMessageContaining("elements do not fit");
  }

  private void sample() {
    add(A, SampleBatches.transactional(1L << 33, 5, 0, 0, 1));
    add(B, SampleBatches.plain(0, 3, 1, 2, 3));
    add(A, SampleBatches.marker((1L << 33) + 1, 5, 0, true, 9));
    position = 1L << 40;
    add(A, SampleBatches.idempotent((1L << 33) + 2, 6, 2, 8, 2));
    add(B, SampleBatches.plain(1L << 50, 4, 1)); // after a gap
  }

  private void add(PartitionId id, ByteBuffer batch) {
    builder.add(id, batch, 0, position);
    position += batch.limit();
  }

  private static PartitionFooter part(Footer footer, PartitionId id) {
    assertThat(footer.of(id)).hasSize(1);
    return footer.of(id).getFirst();
  }

  static byte[] bytes(ByteBuffer b) {
    byte[] all = new byte[b.remaining()];
    b.get(b.position(), all);
    return all;
  }

  static byte[] golden(String name) throws IOException {
    try (InputStream in = FooterTest.class.getResourceAsStream("/golden/" + name)) {
      if (in == null) {
        throw new IOException("no golden file " + name);
      }
      return in.readAllBytes();
    }
  }
}
