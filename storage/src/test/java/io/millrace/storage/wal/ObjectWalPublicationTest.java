package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What becomes of stored entries: they are published, and read where caches let them go. */
class ObjectWalPublicationTest {
  private final ObjectWalWorld world = new ObjectWalWorld(11);
  private final HeldStore store = world.store;

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
    assertThat(world.failure()).hasMessageContaining("void");
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
}
