package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.WriterId;
import io.millrace.storage.cache.ChunkPool;
import io.millrace.storage.cache.LogCache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObjectEntriesTest {
  private static final WriterId WRITER = new WriterId(0x0123456789abcdefL, 0xfedcba9876543210L);

  @Test
  void theBytesAreThoseOfVersionOne() throws IOException {
    // given
    var entries = new ObjectEntries(WRITER, new LogCache(new ChunkPool(64 << 10, 64 << 10)));
    List<WalBatch> batches =
        List.of(
            new TestBatch(TestBatch.partition(1), TestBatch.bytes(5, 2, 10, 1), false, () -> {}),
            new TestBatch(TestBatch.partition(2), TestBatch.bytes(0, 1, 3, 2), false, () -> {}));
    var _ = entries.assemble(batches, -1);

    // when
    ObjectEntry entry = entries.assemble(batches, 0);

    // then
    ByteBuffer golden;
    try (InputStream in = ObjectEntriesTest.class.getResourceAsStream("/golden/wal-object-1.bin")) {
      assertThat(in).isNotNull();
      golden = ByteBuffer.wrap(in.readAllBytes());
    }
    assertThat(entry.bytes()).isEqualTo(golden);
    assertThat(entry.object().sizeBytes()).isEqualTo(golden.limit());
    assertThat(entry.object().footerPosition())
        .isEqualTo(golden.limit() - entry.object().footerBytes());
  }
}
