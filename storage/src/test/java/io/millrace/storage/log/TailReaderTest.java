package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.cache.BlocksLentException;
import io.millrace.storage.cache.Chunk;
import io.millrace.storage.cache.LentMemory;
import io.millrace.storage.log.TailIndex.Ref;
import io.millrace.storage.log.TailReader.Loaded;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.junit.jupiter.api.Test;

/** Of a tail that the log cache has lost. */
class TailReaderTest {
  private static final Chunk EVICTED =
      new Chunk() {
        @Override
        public ByteBuffer bytes() {
          throw new IllegalStateException("evicted");
        }

        @Override
        public boolean retain() {
          return false;
        }

        @Override
        public void release() {
          throw new IllegalStateException("evicted");
        }
      };

  private final ByteBuffer batch = Batches.at(1, 2, 3);
  private final Ref ref = new Ref(0, 3, batch.limit(), 3, EVICTED, 0, 1, 0);
  private final LentMemory lent = new LentMemory(2L * batch.limit());
  private final TailReader reader =
      new TailReader((_, _, _) -> CompletableFuture.completedFuture(batch.duplicate()), lent);

  @Test
  void readersHoldSoMuchAndOthersComeAgain() {
    Loaded first = reader.load(ref).join();
    reader.load(ref).join();

    assertThatThrownBy(() -> reader.load(ref).join()).hasCauseInstanceOf(BlocksLentException.class);
    first.release();
    assertThat(reader.load(ref).join().bytes()).isEqualTo(batch);
    assertThat(lent.bytes()).isEqualTo(2L * batch.limit());
  }

  @Test
  void whoHasSomethingAlreadyGetsTheRestWithTheNextRequest() {
    reader.load(ref).join();
    reader.load(ref).join();

    assertThat(reader.read(List.of(ref), 0, 3, 1000, false).join().buffers()).isEmpty();
    assertThatThrownBy(() -> reader.read(List.of(ref), 0, 3, 1000, true).join())
        .hasCauseInstanceOf(BlocksLentException.class);
  }

  @Test
  void whatCannotBeReadIsNotHeld() {
    ByteBuffer damaged = Batches.at(1, 2, 3);
    damaged.put(damaged.limit() - 1, (byte) ~damaged.get(damaged.limit() - 1));
    TailReader ofDamage =
        new TailReader((_, _, _) -> CompletableFuture.completedFuture(damaged.duplicate()), lent);

    assertThatThrownBy(() -> ofDamage.load(ref).join())
        .hasCauseInstanceOf(CorruptRecordException.class);

    assertThat(lent.bytes()).isZero();
  }

  @Test
  void oneLargerThanAllIsReadAlone() {
    TailReader small =
        new TailReader(
            (_, _, _) -> CompletableFuture.completedFuture(batch.duplicate()), new LentMemory(1));

    small.load(ref).join().release();

    assertThat(small.load(ref).join().bytes()).isEqualTo(batch);
  }
}
