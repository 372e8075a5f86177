package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Keys;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** When an incarnation knows that it was not fenced (I12). */
class ObjectWalProofTest {
  private final ObjectWalWorld world = new ObjectWalWorld(11);
  private final HeldStore store = world.store;

  private CompletableFuture<Void> ask() {
    CompletableFuture<Void> proof = world.wal().proof();
    world.step();
    return proof;
  }

  @Test
  void aGetThatFindsNoFenceProvesItToAllWhoAskedBefore() {
    // given
    world.openHeld();
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
    world.openHeld();
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
    world.openHeld();
    TestBatch batch = world.send(0, 100);
    world.step();
    CompletableFuture<Void> proof = ask();
    CompletableFuture<Void> later = ask();

    // when
    store.put(Keys.fence(ObjectWalWorld.WRITER), SealCodec.fence(ObjectWalWorld.WRITER));
    store.gets.getFirst().answer();
    world.step();

    // then
    assertThat(world.failure()).isInstanceOf(WalFencedException.class);
    assertThat(batch.ended).isInstanceOf(WalFencedException.class);
    assertThat(proof).isCompletedExceptionally();
    assertThat(later).isCompletedExceptionally();
    assertThat(world.wal().proof()).isCompletedExceptionally();
  }

  @Test
  void aNumberFirstAttemptedAfterTheQuestionProvesItOnceStoredInOrder() {
    // given
    world.openHeld();
    world.beginEntries(1);
    CompletableFuture<Void> proof = ask();
    world.beginEntries(1);

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
    world.openHeld();
    world.beginEntries(1);
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
