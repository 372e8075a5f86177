package io.millrace.storage.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class LogCacheTest {
  private static final int CHUNK = 4096;

  private final ChunkPool pool = new ChunkPool(CHUNK, 4 * CHUNK);
  private final LogCache cache = new LogCache(pool);

  private Chunk opened(int bytes) {
    Chunk chunk = cache.open(bytes);
    chunk.release();
    return chunk;
  }

  @Test
  void theOldestChunkGoesWhenTheLimitIsReached() {
    // given
    Chunk first = opened(10);
    Chunk second = opened(10);
    opened(10);
    opened(10);

    // when
    opened(10);

    // then
    assertThat(first.retain()).isFalse();
    assertThat(second.retain()).isTrue();
    assertThat(cache.chunks()).isEqualTo(4);
    assertThat(pool.usedBytes()).isEqualTo(4 * CHUNK);
  }

  @Test
  void anEvictedChunkKeepsItsBytesUntilItsLastReaderIsDone() {
    // given
    Chunk first = opened(10);
    first.bytes().putLong(0, 77);
    assertThat(first.retain()).isTrue();

    // when
    for (int i = 0; i < 10; i++) {
      opened(10).bytes().putLong(0, i);
    }

    // then
    assertThat(first.retain()).as("a new reader").isFalse();
    assertThat(first.bytes().getLong(0)).isEqualTo(77);
    assertThat(pool.usedBytes()).isEqualTo(4 * CHUNK);
    first.release();
    assertThat(pool.usedBytes()).isEqualTo(3 * CHUNK);
  }

  @Test
  void memoryIsUsedAgainButNeverReachedThroughAStaleReference() {
    // given
    Chunk first = opened(10);
    ByteBuffer memory = first.bytes();
    for (int i = 0; i < 3; i++) {
      opened(10);
    }

    // when
    Chunk fifth = opened(10);

    // then
    assertThat(fifth.bytes()).isSameAs(memory);
    assertThat(first.retain()).isFalse();
    assertThat(fifth.retain()).isTrue();
  }

  @Test
  void aLargeEntryGetsAChunkOfItsOwnThatIsNotKept() {
    // given
    Chunk large = opened(3 * CHUNK);
    assertThat(large.bytes().capacity()).isEqualTo(3 * CHUNK);
    opened(10);

    // when
    opened(10);

    // then
    assertThat(large.retain()).isFalse();
    assertThat(pool.usedBytes()).isEqualTo(2 * CHUNK);
  }

  @Test
  void whenReadersHoldAllMemoryTheNextEntryIsNotShared() {
    // given
    for (int i = 0; i < 4; i++) {
      assertThat(opened(10).retain()).isTrue();
    }

    // when
    Chunk chunk = cache.open(10);

    // then
    assertThat(chunk.retain()).isFalse();
    assertThat(pool.usedBytes()).isEqualTo(5 * CHUNK);
    chunk.release();
    assertThat(pool.usedBytes()).isEqualTo(4 * CHUNK);
  }

  @Test
  void closingEvictsEverything() {
    Chunk chunk = opened(10);
    cache.close();
    assertThat(chunk.retain()).isFalse();
    assertThat(pool.usedBytes()).isZero();
    opened(10);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void releasingTooOftenIsABug() {
    Chunk chunk = pool.take(10);
    chunk.release();
    assertThatThrownBy(chunk::release).isInstanceOf(IllegalStateException.class);
    assertThat(chunk.retain()).isFalse();
  }

  @Test
  void whileReadersHoldAllOnePieceServesEntryAfterEntry() {
    for (int i = 0; i < 4; i++) {
      assertThat(opened(10).retain()).isTrue();
    }
    opened(10).bytes().putLong(0, 77);

    assertThat(opened(10).bytes().getLong(0)).as("not a new one").isEqualTo(77);
    assertThat(pool.usedBytes()).isEqualTo(4 * CHUNK);
  }
}
