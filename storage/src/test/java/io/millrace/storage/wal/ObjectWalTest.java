package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ObjectWalTest {
  private final ObjectWalWorld world = new ObjectWalWorld(11);
  private final HeldStore store = world.store;

  // Pace

  @Test
  void aBatchIsPutAtOnceWhenNothingIsInFlightAndATokenIsThere() {
    world.openHeld();
    world.send(0, 100);
    world.step();
    assertThat(store.puts).hasSize(1);
  }

  @Test
  void batchesThatComeWhileAPutIsInFlightShareTheNextOne() {
    // given
    world.openHeld();
    world.send(0, 100);
    world.step();

    // when
    for (int i = 0; i < 20; i++) {
      world.send(i % 3, 100);
    }
    world.step();
    assertThat(store.puts).hasSize(1);
    world.scheduler.runFor(ObjectWalWorld.BUDGET_NS);

    // then
    assertThat(store.puts).hasSize(2);
    store.puts.get(1).happen();
    assertThat(world.entry(1).batches()).hasSize(20);
  }

  @Test
  void withoutATokenABatchWaitsForTheLatencyBudget() {
    // given
    world.open();
    for (int i = 0; i < world.settings.burst(); i++) {
      TestBatch batch = world.send(0, 100);
      assertThat(world.runUntil(() -> batch.durable)).isTrue();
    }
    int before = store.putCount;

    // when
    world.send(0, 100);
    world.step();

    // then
    assertThat(store.putCount).isEqualTo(before);
    world.scheduler.runFor(ObjectWalWorld.BUDGET_NS);
    assertThat(store.putCount).isEqualTo(before + 1);
  }

  @Test
  void oneClientAfterTheOtherCostsAboutOnePutPerLatencyBudget() {
    // given
    world.open();
    long endNs = world.scheduler.nowNs() + 100 * ObjectWalWorld.BUDGET_NS;

    // when
    while (world.scheduler.nowNs() < endNs) {
      TestBatch batch = world.send(0, 100);
      assertThat(world.runUntil(() -> batch.durable)).isTrue();
    }

    // then
    assertThat(store.putCount).isBetween(90, 103);
  }

  @Test
  void enoughBytesArePutWithoutWaiting() {
    // given
    world.openHeld();
    world.send(0, 100);
    world.step();

    // when
    for (int i = 0; i < 9; i++) {
      world.send(0, 2_000);
    }
    world.step();

    // then
    assertThat(store.puts).hasSize(2);
  }

  @Test
  void aBatchLargerThanAnEntryHasOneToItself() {
    world.openHeld();
    world.send(0, 100);
    world.send(0, 40_000);
    world.send(0, 100);
    world.scheduler.runFor(2 * ObjectWalWorld.BUDGET_NS);
    store.puts.forEach(HeldStore.Call::happen);
    assertThat(world.entry(1).batches()).hasSize(1);
    assertThat(world.entry(1).bytes()).isGreaterThan(40_000);
  }

  @Test
  void anIdleBrokerMakesNoPuts() {
    // given
    world.open();
    world.send(0, 100);
    world.scheduler.runFor(2 * world.settings.publishDelayNs());
    int puts = store.putCount;
    int gets = store.getCount;
    int published = world.published.size();

    // when
    world.scheduler.runFor(TimeUnit.HOURS.toNanos(1));

    // then
    assertThat(store.putCount).isEqualTo(puts);
    assertThat(store.getCount).isEqualTo(gets);
    assertThat(world.published).hasSize(published);
    assertThat(world.scheduler.hasTasks()).isFalse();
  }

  @Test
  void noMoreThanEightNumbersAreUnderWay() {
    // given
    world.openHeld();
    world.beginEntries(12);
    assertThat(store.puts).hasSize(ObjectWal.PUTS_IN_FLIGHT_MAX);

    // when all but the first are stored
    for (HeldStore.Call<?> put : store.puts.subList(1, 8)) {
      put.answer();
    }
    world.step();

    // then the first still holds the window
    assertThat(store.puts).hasSize(8);
    store.puts.getFirst().answer();
    world.step();
    assertThat(store.puts).hasSize(12);
  }

  // Order and settling

  @Test
  void nothingIsAcknowledgedBeforeItsPutIsAnswered() {
    world.openHeld();
    TestBatch batch = world.send(0, 100);
    world.step();
    store.puts.getFirst().happen();
    world.step();
    assertThat(batch.durable).isFalse();
    assertThat(world.wal().durableSequence()).isEqualTo(-1);
  }

  @Test
  void acknowledgementsComeInOrderThoughStoresDoNot() {
    // given
    world.openHeld();
    List<TestBatch> batches = world.beginEntries(3);

    // when
    store.puts.get(2).answer();
    store.puts.get(1).answer();
    world.step();

    // then
    assertThat(world.fates).isEmpty();
    assertThat(world.wal().durableSequence()).isEqualTo(-1);
    store.puts.get(0).answer();
    world.step();
    assertThat(world.fates).containsExactlyElementsOf(batches);
    assertThat(batches).allMatch(batch -> batch.durable);
    assertThat(world.wal().durableSequence()).isEqualTo(2);
  }

  @Test
  void aPutWhoseReplyWasLostIsSettledByReadingItBack() {
    // given
    world.openHeld();
    TestBatch batch = world.send(0, 100);
    world.step();

    // when
    store.puts.getFirst().loseReply();
    store.held = false;
    world.settle();

    // then
    assertThat(store.putCount).isEqualTo(2);
    assertThat(store.getCount).isEqualTo(1);
    assertThat(batch.durable).isTrue();
  }

  @Test
  void aPutWithoutAnswerIsMadeAgainForEverWithTheSameBytes() {
    // given
    world.openHeld();
    TestBatch batch = world.send(0, 100);
    world.step();
    store.puts.getFirst().happen();
    byte[] first = store.bytes(world.key(0));
    store.memory.delete(world.key(0));

    // when other batches come in between
    for (int attempt = 1; attempt < 100; attempt++) {
      int before = attempt;
      world.putsOf(0).getLast().loseRequest();
      if (attempt % 20 == 0) {
        world.send(0, 100);
      }
      assertThat(world.runUntil(() -> world.putsOf(0).size() > before)).isTrue();
    }
    world.putsOf(0).getLast().answer();
    world.step();

    // then
    assertThat(store.bytes(world.key(0))).isEqualTo(first);
    assertThat(batch.durable).isTrue();
  }

  @Test
  void aSealUnderItsNumberEndsTheIncarnation() {
    // given
    world.openHeld();
    List<TestBatch> batches = world.beginEntries(3);
    store.put(world.key(1), SealCodec.seal(ObjectWalWorld.WRITER, 1));

    // when
    store.held = false;
    List.copyOf(store.puts).forEach(HeldStore.Call::answer);
    world.settle();

    // then what is before it is durable, nothing after it is told to be or not to be
    assertThat(batches.get(0).durable).isTrue();
    assertThat(batches.subList(1, 3)).allMatch(batch -> !batch.durable);
    assertThat(batches.subList(1, 3))
        .allSatisfy(batch -> assertThat(batch.ended).isInstanceOf(WalFencedException.class));
    assertThat(world.failure())
        .isInstanceOf(WalFencedException.class)
        .hasMessageContaining(world.key(1));
    int puts = store.putCount;
    assertThatThrownBy(() -> world.send(0, 100)).isInstanceOf(WalFencedException.class);
    world.settle();
    assertThat(store.putCount).isEqualTo(puts);
  }

  @Test
  void whatItNeverWroteUnderItsNumberEndsItAndIsNamed() {
    // given another's entry of the same size
    world.openHeld();
    TestBatch batch = world.send(0, 100);
    world.step();
    store.puts.getFirst().happen();
    byte[] foreign = store.bytes(world.key(0));
    foreign[8] ^= 1;
    store.memory.delete(world.key(0));
    store.put(world.key(0), ByteBuffer.wrap(foreign));

    // when
    store.held = false;
    store.puts.getFirst().answer();
    world.settle();

    // then
    assertThat(batch.durable).isFalse();
    assertThat(world.failure())
        .isInstanceOf(WalEndedException.class)
        .isNotInstanceOf(WalFencedException.class)
        .hasMessageContaining(world.key(0));
  }

  @Test
  void aLargerObjectUnderItsNumberEndsIt() {
    world.openHeld();
    world.send(0, 100);
    store.put(world.key(0), ByteBuffer.allocate(100_000));
    store.held = false;
    world.settle();
    assertThat(world.failure()).hasMessageContaining(world.key(0));
  }

  @Test
  void aSealOfAnotherIncarnationIsNoSeal() {
    world.openHeld();
    world.send(0, 100);
    store.put(world.key(0), SealCodec.seal(new WriterId(1, 2), 0));
    store.held = false;
    world.settle();
    assertThat(world.failure()).isNotInstanceOf(WalFencedException.class);
  }

  @Test
  void anEntryThatWasCollectedSaysThatTheIncarnationIsOver() {
    // given
    world.openHeld();
    TestBatch batch = world.send(0, 100);
    world.step();
    store.puts.getFirst().loseReply();
    assertThat(world.runUntil(() -> store.puts.size() == 2)).isTrue();

    // when it is collected between the put's answer and the look
    store.puts.get(1).answer();
    assertThat(world.runUntil(() -> store.gets.size() == 1)).isTrue();
    store.memory.delete(world.key(0));
    store.gets.getFirst().answer();
    world.step();

    // then
    assertThat(batch.durable).isFalse();
    assertThat(world.failure()).isInstanceOf(WalFencedException.class);
  }

  @Test
  void eachEntrySaysWhatWasDurableWhenItWasMade() {
    // given
    world.openHeld();
    world.beginEntries(2);
    store.puts.get(0).answer();
    world.step();

    // when
    world.beginEntries(1);
    store.puts.get(1).answer();
    store.puts.get(2).answer();
    world.step();

    // then
    assertThat(world.entry(0).durableSequence()).isEqualTo(-1);
    assertThat(world.entry(1).durableSequence()).isEqualTo(-1);
    assertThat(world.entry(2).durableSequence()).isEqualTo(0);
  }

  // Hedging

  @Test
  void aSlowPutIsMadeOnceMoreBesideTheFirst() {
    // given
    world.openHeld();
    TestBatch batch = world.send(0, 100);
    world.scheduler.runFor(ObjectWalWorld.HEDGE_NS + ObjectWalWorld.BUDGET_NS);
    assertThat(store.puts).hasSize(2);
    world.scheduler.runFor(TimeUnit.MINUTES.toNanos(1));
    assertThat(store.puts).as("one hedge at a time").hasSize(2);

    // when
    store.puts.get(1).answer();
    world.step();

    // then
    assertThat(batch.durable).isTrue();
    store.puts.get(0).answer();
    world.settle();
    assertThat(world.wal().failure()).isNotDone();
    assertThat(store.putCount).isEqualTo(2);
    assertThat(store.getCount).isZero();
  }

  @Test
  void aCallThatIsStillUnderWayKeepsItsBytesWhateverTheCacheDoes() {
    // given a put that hangs, its entry stored by a hedge
    world.cacheBytes = 128 << 10;
    world.openHeld();
    world.send(0, 10_000);
    assertThat(world.runUntil(() -> store.puts.size() == 2)).isTrue();
    store.puts.get(1).answer();
    world.step();
    byte[] stored = store.bytes(world.key(0));

    // when the cache turns over many times, and the first put happens after all
    store.held = false;
    for (int i = 0; i < 40; i++) {
      world.send(1, 15_000);
      world.step();
    }
    world.settle();
    store.memory.delete(world.key(0));
    store.puts.get(0).happen();

    // then
    assertThat(store.bytes(world.key(0))).isEqualTo(stored);
  }

  @Test
  void callsThatNeverAnswerAreBounded() {
    // given first calls that hang while their hedges are answered
    world.openHeld();
    Set<String> seen = new HashSet<>();

    // when
    assertThatThrownBy(
            () -> {
              while (true) {
                world.send(0, 17_000);
                world.scheduler.runFor(2 * ObjectWalWorld.HEDGE_NS);
                List<HeldStore.Call<?>> calls = List.copyOf(store.puts);
                calls.stream().filter(call -> !seen.add(call.key)).forEach(HeldStore.Call::answer);
                seen.clear();
              }
            })
        .isInstanceOf(WalFullException.class);

    // then
    long hanging = store.puts.stream().map(call -> call.key).distinct().count();
    assertThat(hanging).isBetween(32L, 64L);
    store.puts.forEach(HeldStore.Call::answer);
    store.held = false;
    world.settle();
    assertThat(world.fates).allMatch(batch -> batch.durable);
  }

  // Admission

  @Test
  void whatDoesNotFitTheQueueIsRefusedAndALittleIsKeptForInternalTopics() {
    // given
    world.openHeld();
    int taken = 0;
    while (taken < 100) {
      try {
        world.send(0, 10_000);
        taken++;
      } catch (WalFullException full) {
        break;
      }
    }
    assertThat(taken).isBetween(24, 26);

    // then
    world.send(1, 10_000, true);
    assertThatThrownBy(() -> world.send(0, 10_000)).isInstanceOf(WalFullException.class);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 10; i++) {
                world.send(1, 10_000, true);
              }
            })
        .isInstanceOf(WalFullException.class);
    store.held = false;
    List.copyOf(store.puts).forEach(HeldStore.Call::answer);
    world.settle();
    assertThat(world.send(0, 10_000)).isNotNull();
  }
}
