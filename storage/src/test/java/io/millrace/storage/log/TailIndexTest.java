package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.cache.Chunk;
import io.millrace.storage.log.TailIndex.Ref;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TailIndexTest {
  private final TailIndex tail = new TailIndex();

  /** A chunk that can be evicted by hand. */
  private static final class HandChunk implements Chunk {
    private boolean evicted;

    @Override
    public ByteBuffer bytes() {
      return ByteBuffer.allocate(0);
    }

    @Override
    public boolean retain() {
      return !evicted;
    }

    @Override
    public void release() {}
  }

  @Test
  void anOffsetIsFoundInTheReferenceThatHoldsIt() {
    HandChunk chunk = new HandChunk();
    for (int i = 0; i < 100; i++) {
      long offset = i * 10L;
      tail.add(ref(offset, offset + 10, 50, chunk, i * 1000, 1));
    }

    assertThat(tail.from(0, 1)).extracting(Ref::baseOffset).containsExactly(0L);
    assertThat(tail.from(455, 1)).extracting(Ref::baseOffset).containsExactly(450L);
    assertThat(tail.from(999, 1)).extracting(Ref::baseOffset).containsExactly(990L);
    assertThat(tail.from(1000, 1)).isEmpty();
  }

  @Test
  void neighboursAreAddedUntilTheyHoldTheBytesWanted() {
    HandChunk chunk = new HandChunk();
    for (int i = 0; i < 10; i++) {
      tail.add(ref(i, i + 1, 50, chunk, i * 1000, 1));
    }

    assertThat(tail.from(3, 101)).extracting(Ref::baseOffset).containsExactly(3L, 4L, 5L);
  }

  @Test
  void batchesNextToEachOtherShareOneReference() {
    HandChunk chunk = new HandChunk();
    tail.add(ref(0, 1, 50, chunk, 100, 1));
    tail.add(ref(1, 3, 70, chunk, 150, 1));

    assertThat(tail.size()).isOne();
    assertThat(tail.from(2, 1).getFirst()).isEqualTo(ref(0, 3, 120, chunk, 100, 1));
  }

  @Test
  void aGapInOffsetsIsABug() {
    HandChunk chunk = new HandChunk();
    tail.add(ref(0, 1, 50, chunk, 100, 1));

    assertThatThrownBy(() -> tail.add(ref(2, 3, 50, chunk, 150, 1)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void onlyWhatIsPublishedAndEvictedIsDropped() {
    List<HandChunk> chunks = List.of(new HandChunk(), new HandChunk(), new HandChunk());
    for (int i = 0; i < 3; i++) {
      tail.add(ref(i, i + 1, 50, chunks.get(i), 0, i));
    }
    chunks.get(0).evicted = true;
    chunks.get(1).evicted = true;

    tail.prune(-1);
    assertThat(tail.firstOffset()).isZero();
    tail.prune(0);
    assertThat(tail.firstOffset()).isOne();
    tail.prune(2);
    assertThat(tail.firstOffset()).isEqualTo(2);
    chunks.get(2).evicted = true;
    tail.prune(2);
    assertThat(tail.firstOffset()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void itKeepsItsOrderWhileItGrowsAndShrinks() {
    for (int i = 0; i < 1000; i++) {
      HandChunk chunk = new HandChunk();
      chunk.evicted = i % 3 != 2;
      tail.add(ref(i, i + 1, 50, chunk, 0, i));
      if (i % 3 == 1) {
        tail.prune(i);
      }
    }

    assertThat(tail.firstOffset()).isEqualTo(2);
    for (int i = 2; i < 1000; i++) {
      assertThat(tail.from(i, 1).getFirst().baseOffset()).isEqualTo(i);
    }
  }

  private static Ref ref(long base, long end, int bytes, Chunk chunk, int position, long file) {
    return new Ref(base, end, bytes, 0, chunk, position, file, position + 4096);
  }
}
