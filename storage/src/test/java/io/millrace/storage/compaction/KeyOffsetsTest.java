package io.millrace.storage.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class KeyOffsetsTest {
  private static final byte[] SALT = {1, 2, 3};

  @Test
  void theNewestOffsetOfEachKeyIsKnown() {
    KeyOffsets offsets = new KeyOffsets(SALT, 10 << 20);
    Map<Integer, Long> model = new HashMap<>();
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 100_000; i++) {
      int key = random.nextInt(30_000);
      long offset = random.nextLong(1L << 40);
      offsets.put(key(key), offset);
      model.merge(key, offset, Math::max);
    }

    assertThat(offsets.size()).isEqualTo(model.size());
    for (int key = 0; key < 40_000; key++) {
      assertThat(offsets.newest(key(key))).isEqualTo(model.getOrDefault(key, -1L));
    }
  }

  @Test
  void memoryIsBoundedExceptForWhatComesAtOnce() {
    KeyOffsets offsets = new KeyOffsets(SALT, 24L * 4096);
    assertThat(offsets.hasRoomFor(1_000_000)).as("nothing is known yet").isTrue();
    int taken = 0;
    while (offsets.hasRoomFor(1)) {
      offsets.put(key(taken++), taken);
    }

    assertThat(taken).isEqualTo(3072);
    assertThat(offsets.hasRoomFor(0)).isTrue();
    assertThat(offsets.newest(key(0))).isEqualTo(1);
  }

  @Test
  void anEmptyKeyIsAKeyAndOffsetZeroAnOffset() {
    KeyOffsets offsets = new KeyOffsets(SALT, 1 << 20);
    offsets.put(ByteBuffer.allocate(0), 0);

    assertThat(offsets.newest(ByteBuffer.allocate(0))).isZero();
    assertThat(offsets.newest(key(1))).isEqualTo(-1);
  }

  private static ByteBuffer key(int key) {
    return ByteBuffer.allocate(4).putInt(0, key);
  }
}
