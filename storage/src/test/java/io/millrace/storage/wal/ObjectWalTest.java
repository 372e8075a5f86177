package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ObjectWalTest {
  private final ObjectWalWorld world = new ObjectWalWorld(11);
  private final HeldStore store = world.store;

  private void open() {
    world.open();
    store.held = true;
  }

  /** Hands over as many batches as entries, each begun before the next comes. */
  private List<TestBatch> beginEntries(int count) {
    List<TestBatch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      batches.add(world.send(0, 17_000));
      world.step();
    }
    return batches;
  }

  private Throwable failure() {
    assertThat(world.wal().failure()).isCompleted();
    return world.wal().failure().join();
  }

  private List<HeldStore.Call<?>> putsOf(long sequence) {
    List<HeldStore.Call<?>> calls = new ArrayList<>();
    store.puts.stream().filter(put -> put.key.equals(world.key(sequence))).forEach(calls::add);
    return calls;
  }

  // Pace

  @Test
  void aBatchIsPutAtOnceWhenNothingIsInFlightAndATokenIsThere() {
    open();
    world.send(0, 100);
    world.step();
    assertThat(store.puts).hasSize(1);
  }

  @Test
  void batchesThatComeWhileAPutIsInFlightShareTheNextOne() {
    // given
    open();
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
    open();
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
    open();
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
    open();
    beginEntries(12);
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
    open();
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
    open();
    List<TestBatch> batches = beginEntries(3);

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
    open();
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
    open();
    TestBatch batch = world.send(0, 100);
    world.step();
    store.puts.getFirst().happen();
    byte[] first = store.bytes(world.key(0));
    store.memory.delete(world.key(0));

    // when other batches come in between
    for (int attempt = 1; attempt < 100; attempt++) {
      int before = attempt;
      putsOf(0).getLast().loseRequest();
      if (attempt % 20 == 0) {
        world.send(0, 100);
      }
      assertThat(world.runUntil(() -> putsOf(0).size() > before)).isTrue();
    }
    putsOf(0).getLast().answer();
    world.step();

    // then
    assertThat(store.bytes(world.key(0))).isEqualTo(first);
    assertThat(batch.durable).isTrue();
  }

  @Test
  void aSealUnderItsNumberEndsTheIncarnation() {
    // given
    open();
    List<TestBatch> batches = beginEntries(3);
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
    assertThat(failure()).isInstanceOf(WalFencedException.class).hasMessageContaining(world.key(1));
    int puts = store.putCount;
    assertThatThrownBy(() -> world.send(0, 100)).isInstanceOf(WalFencedException.class);
    world.settle();
    assertThat(store.putCount).isEqualTo(puts);
  }

  @Test
  void whatItNeverWroteUnderItsNumberEndsItAndIsNamed() {
    // given another's entry of the same size
    open();
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
    assertThat(failure())
        .isInstanceOf(WalEndedException.class)
        .isNotInstanceOf(WalFencedException.class)
        .hasMessageContaining(world.key(0));
  }

  @Test
  void aLargerObjectUnderItsNumberEndsIt() {
    open();
    world.send(0, 100);
    store.put(world.key(0), ByteBuffer.allocate(100_000));
    store.held = false;
    world.settle();
    assertThat(failure()).hasMessageContaining(world.key(0));
  }

  @Test
  void aSealOfAnotherIncarnationIsNoSeal() {
    open();
    world.send(0, 100);
    store.put(world.key(0), SealCodec.seal(new WriterId(1, 2), 0));
    store.held = false;
    world.settle();
    assertThat(failure()).isNotInstanceOf(WalFencedException.class);
  }

  @Test
  void anEntryThatWasCollectedSaysThatTheIncarnationIsOver() {
    // given
    open();
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
    assertThat(failure()).isInstanceOf(WalFencedException.class);
  }

  @Test
  void eachEntrySaysWhatWasDurableWhenItWasMade() {
    // given
    open();
    beginEntries(2);
    store.puts.get(0).answer();
    world.step();

    // when
    beginEntries(1);
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
    open();
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
    open();
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
    open();
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
    open();
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

  // Publication

  @Test
  void storedEntriesArePublishedTogetherAfterAWhile() {
    // given
    world.open();
    for (int i = 0; i < 5; i++) {
      TestBatch batch = world.send(0, 100);
      assertThat(world.runUntil(() -> batch.durable)).isTrue();
    }
    assertThat(world.published).isEmpty();

    // when
    world.scheduler.runFor(world.settings.publishDelayNs());

    // then
    assertThat(world.published).hasSize(1);
    assertThat(world.published.getFirst())
        .extracting(SealedWalFile::lastSequence)
        .containsExactly(0L, 1L, 2L, 3L, 4L);
  }

  @Test
  void enoughEntriesArePublishedWithoutWaiting() {
    world.settings =
        new ObjectWalSettings(
            ObjectWalWorld.BUDGET_NS,
            2,
            16 << 10,
            256 << 10,
            0,
            ObjectWalWorld.HEDGE_NS,
            3,
            1 << 20,
            TimeUnit.HOURS.toNanos(1),
            1000);
    world.open();
    for (int i = 0; i < 7; i++) {
      TestBatch batch = world.send(0, 100);
      assertThat(world.runUntil(() -> batch.durable)).isTrue();
    }
    world.step();
    assertThat(world.published).hasSize(2).allMatch(entries -> entries.size() == 3);
  }

  @Test
  void rollingPublishesAllThatIsAcknowledged() {
    // given
    world.open();
    TestBatch batch = world.send(0, 100);
    assertThat(world.runUntil(() -> batch.durable)).isTrue();
    world.publicationsHeld = true;

    // when
    CompletableFuture<Void> rolled = world.wal().roll();
    world.step();

    // then
    assertThat(world.trim()).isZero();
    assertThat(rolled).isNotDone();
    world.publications.getFirst().complete(null);
    world.step();
    assertThat(rolled).isCompleted();
  }

  @Test
  void aPublicationThatCannotBeEndsTheIncarnation() {
    world.open();
    world.publicationsHeld = true;
    world.send(0, 100);
    assertThat(world.runUntil(() -> !world.publications.isEmpty())).isTrue();
    world.publications.getFirst().completeExceptionally(new IllegalStateException("void"));
    world.step();
    assertThat(failure()).hasMessageContaining("void");
    assertThat(world.wal().roll()).isCompletedExceptionally();
  }

  @Test
  void whilePublicationsLagOnlyInternalTopicsAreServed() {
    world.settings =
        new ObjectWalSettings(
            ObjectWalWorld.BUDGET_NS,
            2,
            16 << 10,
            256 << 10,
            0,
            ObjectWalWorld.HEDGE_NS,
            1,
            1 << 20,
            0,
            3);
    world.open();
    world.publicationsHeld = true;
    for (int i = 0; i < 3; i++) {
      TestBatch batch = world.send(0, 100);
      assertThat(world.runUntil(() -> batch.durable)).isTrue();
    }
    assertThatThrownBy(() -> world.send(0, 100))
        .isInstanceOf(WalFullException.class)
        .hasMessageContaining("published");
    world.send(1, 100, true);
    world.publications.forEach(publication -> publication.complete(null));
    world.settle();
    assertThat(world.send(0, 100)).isNotNull();
  }

  @Test
  void stoppingPublishesWhatWasTaken() {
    world.open();
    for (int i = 0; i < 30; i++) {
      world.send(i % 3, 2_000);
    }
    world.await(world.wal().stop());
    assertThat(world.fates).hasSize(30).allMatch(batch -> batch.durable);
    assertThat(world.trim()).isEqualTo(world.wal().durableSequence());
  }

  // Reads

  @Test
  void whatTheCacheLetGoIsReadFromTheStore() {
    // given
    world.open();
    List<TestBatch> batches = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      batches.add(world.send(i % 2, 300));
    }
    world.settle();

    // then
    for (TestBatch batch : batches) {
      ByteBuffer read =
          world.await(
              world.wal().read(batch.fileCounter, batch.filePosition, batch.array().length));
      assertThat(read).isEqualTo(ByteBuffer.wrap(batch.array()));
      assertThat(batch.inChunk).isEqualTo(batch.array());
    }
  }

  @Test
  void aReadOfWhatWasCollectedFailsAndSaysSo() {
    world.open();
    world.send(0, 300);
    world.settle();
    store.memory.delete(world.key(0));
    CompletableFuture<ByteBuffer> read = world.wal().read(0, 92, 10);
    world.step();
    assertThatThrownBy(read::join).hasMessageContaining(world.key(0));
  }

  // Proof

  private CompletableFuture<Void> ask() {
    CompletableFuture<Void> proof = world.wal().proof();
    world.step();
    return proof;
  }

  @Test
  void aGetThatFindsNoFenceProvesItToAllWhoAskedBefore() {
    // given
    open();
    CompletableFuture<Void> first = ask();
    assertThat(store.gets).hasSize(1);

    // when
    CompletableFuture<Void> later = ask();
    CompletableFuture<Void> alsoLater = ask();
    assertThat(store.gets).as("one at a time").hasSize(1);
    store.gets.getFirst().answer();
    world.step();

    // then the get was issued before the later questions
    assertThat(first).isCompleted();
    assertThat(later).isNotDone();
    assertThat(store.gets).hasSize(2);
    store.gets.get(1).answer();
    world.step();
    assertThat(later).isCompleted();
    assertThat(alsoLater).isCompleted();
    assertThat(store.gets).hasSize(2);
  }

  @Test
  void aGetWithoutAnswerIsMadeAgain() {
    open();
    CompletableFuture<Void> proof = ask();
    for (int i = 1; i < 20; i++) {
      int asked = i;
      store.gets.getLast().loseRequest();
      assertThat(world.runUntil(() -> store.gets.size() > asked)).isTrue();
      assertThat(proof).isNotDone();
    }
    store.gets.getLast().answer();
    world.step();
    assertThat(proof).isCompleted();
  }

  @Test
  void aFenceThatIsFoundEndsTheIncarnation() {
    // given
    open();
    TestBatch batch = world.send(0, 100);
    world.step();
    CompletableFuture<Void> proof = ask();
    CompletableFuture<Void> later = ask();

    // when
    store.put(Keys.fence(ObjectWalWorld.WRITER), SealCodec.fence(ObjectWalWorld.WRITER));
    store.gets.getFirst().answer();
    world.step();

    // then
    assertThat(failure()).isInstanceOf(WalFencedException.class);
    assertThat(batch.ended).isInstanceOf(WalFencedException.class);
    assertThat(proof).isCompletedExceptionally();
    assertThat(later).isCompletedExceptionally();
    assertThat(world.wal().proof()).isCompletedExceptionally();
  }

  @Test
  void aNumberFirstAttemptedAfterTheQuestionProvesItOnceStoredInOrder() {
    // given
    open();
    beginEntries(1);
    CompletableFuture<Void> proof = ask();
    beginEntries(1);

    // when the new number is stored, an older one is not
    store.puts.get(1).answer();
    world.step();
    assertThat(proof).isNotDone();
    store.puts.get(0).answer();
    world.step();

    // then
    assertThat(proof).isCompleted();
  }

  @Test
  void aRetryOrHedgeOfAnOlderNumberProvesNothing() {
    // given a number attempted before the question
    open();
    beginEntries(1);
    CompletableFuture<Void> proof = ask();

    // when it is put again after it, and that is stored
    store.puts.getFirst().loseRequest();
    assertThat(world.runUntil(() -> store.puts.size() == 2)).isTrue();
    store.puts.get(1).answer();
    world.step();

    // then
    assertThat(world.wal().durableSequence()).isZero();
    assertThat(proof).isNotDone();
  }
}
