package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.WriterId;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class WalEntryCodecTest {
  private static final WriterId WRITER = new WriterId(0x0123456789abcdefL, 0xfedcba9876543210L);

  private static List<TestBatch> batches() {
    return List.of(
        new TestBatch(TestBatch.partition(1), TestBatch.bytes(5, 2, 10, 1), false, () -> {}),
        new TestBatch(TestBatch.partition(2), TestBatch.bytes(0, 1, 3, 2), false, () -> {}));
  }

  private static ByteBuffer encoded(List<TestBatch> batches) {
    ByteBuffer out = ByteBuffer.allocate(2 * WalEntryCodec.ALIGNMENT);
    for (int i = 0; i < out.capacity(); i++) {
      out.put(i, (byte) 0xee);
    }
    int size = WalEntryCodec.encode(out, 0, WRITER, 42, 41, batches);
    WalEntryCodec.pad(out, size, WalEntryCodec.ALIGNMENT);
    assertThat(out.get(size)).as("padding").isZero();
    assertThat(out.get(WalEntryCodec.ALIGNMENT)).as("beyond the block").isEqualTo((byte) 0xee);
    return out.limit(size);
  }

  @Test
  void theBytesAreThoseOfVersionOne() throws IOException {
    // given
    byte[] golden;
    try (InputStream in = WalEntryCodecTest.class.getResourceAsStream("/golden/wal-entry-1.bin")) {
      assertThat(in).isNotNull();
      golden = in.readAllBytes();
    }

    // when
    ByteBuffer out = encoded(batches());

    // then
    assertThat(TestBatch.copy(out, 0, out.limit())).isEqualTo(golden);
    assertThat(WalEntryCodec.decode(ByteBuffer.wrap(golden), 0, golden.length, WRITER))
        .isInstanceOf(Decoded.Whole.class);
  }

  @Test
  void decodingGivesWhatWasEncoded() {
    // given
    ByteBuffer in = encoded(batches());

    // when
    Decoded decoded = WalEntryCodec.decode(in, 0, in.limit(), WRITER);

    // then
    assertThat(decoded).isInstanceOf(Decoded.Whole.class);
    WalEntry entry = ((Decoded.Whole) decoded).entry();
    assertThat(entry.sequence()).isEqualTo(42);
    assertThat(entry.durableSequence()).isEqualTo(41);
    assertThat(entry.bytes()).isEqualTo(in.limit());
    assertThat(entry.batches()).hasSize(2);
    WalEntryBatch second = entry.batches().get(1);
    assertThat(second.partition()).isEqualTo(TestBatch.partition(2));
    assertThat(second.leaderEpoch()).isEqualTo(3);
    assertThat(TestBatch.copy(in, second.position(), second.bytes()))
        .isEqualTo(batches().get(1).array());
  }

  @Test
  void anEntryWithoutBatchesIsADurableMark() {
    ByteBuffer in = encoded(List.of());
    assertThat(WalEntryCodec.decode(in, 0, in.limit(), WRITER))
        .isInstanceOfSatisfying(
            Decoded.Whole.class, whole -> assertThat(whole.entry().isMark()).isTrue());
  }

  @Test
  void oneFlippedBitAnywhereMakesItNoEntry() {
    ByteBuffer in = encoded(batches());
    for (int bit = 0; bit < in.limit() * 8; bit++) {
      // given
      byte before = in.get(bit / 8);
      in.put(bit / 8, (byte) (before ^ 1 << bit % 8));

      // when
      Decoded decoded = WalEntryCodec.decode(in, 0, in.limit(), WRITER);

      // then
      assertThat(decoded).as("bit %d", bit).isInstanceOf(Decoded.Invalid.class);
      in.put(bit / 8, before);
    }
  }

  @Test
  void aCutEntryIsNone() {
    ByteBuffer in = encoded(batches());
    for (int limit = 0; limit < in.limit(); limit++) {
      assertThat(WalEntryCodec.decode(in, 0, limit, WRITER)).isInstanceOf(Decoded.Invalid.class);
    }
  }

  @Test
  void anotherIncarnationsEntryIsNone() {
    ByteBuffer in = encoded(batches());
    assertThat(WalEntryCodec.decode(in, 0, in.limit(), new WriterId(1, 2)))
        .isInstanceOf(Decoded.Invalid.class);
  }

  @Test
  void anIntactEntryOfALaterVersionIsToldFromDamage() {
    // given
    ByteBuffer in = encoded(batches());
    in.putShort(4, (short) 2);
    in.putInt(52, 0);
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(in.slice(0, in.limit()));
    in.putInt(52, (int) crc.getValue());

    // when
    Decoded decoded = WalEntryCodec.decode(in, 0, in.limit(), WRITER);

    // then
    assertThat(decoded).isEqualTo(new Decoded.Newer(2));
  }
}
