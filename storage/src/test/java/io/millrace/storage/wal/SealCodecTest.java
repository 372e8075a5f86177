package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.WriterId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class SealCodecTest {
  private static final WriterId WRITER = new WriterId(0x0123456789abcdefL, 0xfedcba9876543210L);

  private static ByteBuffer golden(String name) throws IOException {
    try (InputStream in = SealCodecTest.class.getResourceAsStream("/golden/" + name)) {
      assertThat(in).isNotNull();
      return ByteBuffer.wrap(in.readAllBytes());
    }
  }

  @Test
  void theBytesAreThoseOfVersionOne() throws IOException {
    assertThat(SealCodec.seal(WRITER, 42)).isEqualTo(golden("wal-seal-1.bin"));
    assertThat(SealCodec.fence(WRITER)).isEqualTo(golden("fence-1.bin"));
    assertThat(SealCodec.seal(WRITER, 42).remaining()).isEqualTo(SealCodec.SEAL_BYTES);
    assertThat(SealCodec.fence(WRITER).remaining()).isEqualTo(SealCodec.FENCE_BYTES);
  }

  @Test
  void aSealIsOfOneNumberOfOneIncarnation() {
    ByteBuffer seal = SealCodec.seal(WRITER, 42);
    assertThat(SealCodec.isSeal(seal, WRITER, 42)).isTrue();
    assertThat(SealCodec.isSeal(seal, WRITER, 43)).isFalse();
    assertThat(SealCodec.isSeal(seal, new WriterId(1, 2), 42)).isFalse();
  }

  @Test
  void aFlippedBitMakesItNone() {
    for (int bit = 0; bit < SealCodec.SEAL_BYTES * 8; bit++) {
      ByteBuffer seal = SealCodec.seal(WRITER, 42);
      seal.put(bit / 8, (byte) (seal.get(bit / 8) ^ 1 << bit % 8));
      assertThat(SealCodec.isSeal(seal, WRITER, 42)).as("bit %d", bit).isFalse();
    }
  }
}
