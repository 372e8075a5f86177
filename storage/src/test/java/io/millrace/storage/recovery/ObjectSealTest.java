package io.millrace.storage.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.Keys;
import io.millrace.storage.wal.HeldStore;
import io.millrace.storage.wal.ObjectWalSettings;
import io.millrace.storage.wal.ObjectWalWorld;
import io.millrace.storage.wal.SealCodec;
import io.millrace.storage.wal.TestBatch;
import io.millrace.storage.wal.WalFencedException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ObjectSealTest {
  private final ObjectWalWorld world = new ObjectWalWorld(21);
  private final HeldStore store = world.store;

  private void write(int entries) {
    world.open();
    for (int i = 0; i < entries; i++) {
      TestBatch batch = world.send(i % 2, 500);
      assertThat(world.runUntil(() -> batch.durable)).isTrue();
    }
  }

  private boolean sealed(long sequence) {
    return SealCodec.isSeal(
        ByteBuffer.wrap(store.bytes(world.key(sequence))), ObjectWalWorld.WRITER, sequence);
  }

  @Test
  void theLogEndsBelowTheFirstSeal() {
    write(5);
    assertThat(world.await(world.seal())).isEqualTo(4);
    assertThat(sealed(5)).isTrue();
  }

  @Test
  void aLogWithoutEntriesEndsAtItsTrim() {
    write(5);
    world.await(world.wal().roll());
    long trim = world.trim();
    assertThat(world.await(world.seal())).isEqualTo(trim);
  }

  @Test
  void theFenceIsThereBeforeAnySeal() {
    // given
    write(3);
    store.held = true;

    // when
    CompletableFuture<Long> end = world.seal();
    world.step();

    // then
    assertThat(store.puts).hasSize(1);
    assertThat(store.puts.getFirst().key).isEqualTo(Keys.fence(ObjectWalWorld.WRITER));
    store.puts.getFirst().loseReply();
    assertThat(world.runUntil(() -> store.puts.size() == 2)).isTrue();
    assertThat(store.puts.get(1).key).isEqualTo(Keys.fence(ObjectWalWorld.WRITER));
    store.puts.get(1).answer();
    world.step();
    assertThat(store.puts).hasSize(2 + ObjectSeal.WINDOW_FIRST);
    assertThat(end).isNotDone();
  }

  @Test
  void everyoneWhoSealsFindsTheSameEnd() {
    // given
    write(40);
    CompletableFuture<Long> one = world.seal();
    CompletableFuture<Long> two = world.seal();

    // then
    assertThat(world.await(one)).isEqualTo(39);
    assertThat(world.await(two)).isEqualTo(39);
    assertThat(world.await(world.seal())).isEqualTo(39);
  }

  @Test
  void entriesBehindAHoleAreNotPartOfTheLog() {
    // given puts of numbers 2 and 3, of which only the second arrives
    write(2);
    store.held = true;
    world.send(0, 17_000);
    world.step();
    world.send(0, 17_000);
    world.step();
    store.puts.get(1).answer();
    world.step();

    // when
    store.held = false;
    assertThat(world.await(world.seal())).isEqualTo(1);

    // then
    store.puts.get(0).answer();
    world.settle();
    assertThat(world.wal().failure()).isCompleted();
    assertThat(world.fates.subList(2, 4))
        .allMatch(batch -> !batch.durable && batch.ended instanceof WalFencedException);
    assertThat(world.wal().durableSequence()).isEqualTo(1);
  }

  @Test
  void aSealThatGotNoAnswerIsPutAgain() {
    // given
    write(1);
    store.held = true;
    CompletableFuture<Long> end = world.seal();
    world.step();
    store.puts.getFirst().answer();
    world.step();

    // when one seal of the window stays open
    HeldStore.Call<?> open = store.puts.get(2);
    List.copyOf(store.puts.subList(1, store.puts.size())).stream()
        .filter(put -> put != open)
        .forEach(HeldStore.Call::answer);
    store.held = false;
    world.step();
    assertThat(end).isNotDone();
    open.loseReply();

    // then
    assertThat(world.await(end)).isZero();
  }

  /** Its trim stays frozen, so the search never begins above the seal that ended the log. */
  @Test
  void sealingAgainAfterEntriesWereCollectedLetsNoZombieGoOn() {
    // given a log sealed, recovered, its entries merged and collected but for the seal that ends it
    write(10);
    long end = world.await(world.seal());
    for (long sequence = 0; sequence <= end; sequence++) {
      store.memory.delete(world.key(sequence));
    }

    // when
    world.await(world.seal());
    TestBatch late = world.send(0, 100);
    world.settle();

    // then
    assertThat(late.durable).isFalse();
    assertThat(world.wal().failure().join()).isInstanceOf(WalFencedException.class);
  }

  @Test
  void aWriterAtFullSpeedIsStoppedWithABoundedNumberOfPuts() {
    // given
    world.settings =
        new ObjectWalSettings(
            ObjectWalWorld.BUDGET_NS,
            2,
            1 << 10,
            64 << 10,
            0,
            ObjectWalWorld.HEDGE_NS,
            4000,
            1 << 30,
            ObjectWalWorld.BUDGET_NS * 10_000,
            4000);
    world.open();
    Runnable[] client = new Runnable[1];
    var loop = world.environment.threads().eventLoop("client");
    client[0] =
        () -> {
          try {
            world.send(0, 1_100);
          } catch (RuntimeException refused) {
            if (refused instanceof WalFencedException) {
              return;
            }
          }
          loop.schedule(500_000, client[0]);
        };
    client[0].run();
    assertThat(world.runUntil(() -> world.wal().durableSequence() > 500)).isTrue();
    assertThat(world.trim()).isEqualTo(-1);

    // when
    long before = world.wal().durableSequence();
    int puts = store.putCount;
    long end = world.await(world.seal());

    // then
    assertThat(world.runUntil(() -> world.wal().failure().isDone())).isTrue();
    assertThat(world.wal().durableSequence()).isLessThanOrEqualTo(end);
    assertThat(end - before).isLessThan(200);
    assertThat(store.putCount - puts).isLessThan(3000);
  }

  @Test
  void whatIsNeitherEntryNorSealStopsIt() {
    write(1);
    store.put(world.key(1), ByteBuffer.allocate(3));
    CompletableFuture<Long> end = world.seal();
    assertThat(world.runUntil(end::isDone)).isTrue();
    assertThatThrownBy(end::join)
        .hasCauseInstanceOf(WalCorruptException.class)
        .hasMessageContaining(world.key(1));
  }
}
