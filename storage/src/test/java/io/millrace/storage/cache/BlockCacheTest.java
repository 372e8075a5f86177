package io.millrace.storage.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class BlockCacheTest {
  private static final int BLOCK_BYTES = 4096;

  private final BlockCache cache = new BlockCache(2 * BLOCK_BYTES);

  @Test
  void readersThatHoldTooMuchKeepNewBlocksFromBeingLoaded() {
    List<Block> held = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      held.add(get(i).join());
    }

    assertThatThrownBy(() -> get(8).join()).hasCauseInstanceOf(BlocksLentException.class);
    assertThat(get(7)).isCompletedWithValue(held.getLast());
    held.getLast().release();

    held.forEach(Block::release);
    assertThat(get(8)).isCompleted();
  }

  private CompletableFuture<Block> get(int number) {
    return cache.get(
        new BlockCache.Key("object", number),
        BLOCK_BYTES,
        target -> CompletableFuture.completedFuture(null));
  }
}
