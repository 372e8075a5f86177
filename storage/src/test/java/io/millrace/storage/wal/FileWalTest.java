package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.Chunk;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FileWalTest {
  private final WalWorld world = new WalWorld(99);

  private TestBatch send(int partition, int bytes) {
    return Objects.requireNonNull(world.send(partition, bytes, false));
  }

  private WriterId writer() {
    return Objects.requireNonNull(world.unrecovered);
  }

  private List<WalEntry> entries(long counter) throws IOException {
    List<WalEntry> found = new ArrayList<>();
    Path path = world.folder.file(writer(), counter);
    try (DiskFile file = world.environment.disk().open(path, Mode.READ)) {
      WalEntryReader reader = new WalEntryReader(file, writer());
      long position = 0;
      while (reader.read(position) instanceof Decoded.Whole(WalEntry entry)) {
        found.add(entry);
        position += WalEntryCodec.aligned(entry.bytes());
      }
    }
    return found;
  }

  @Test
  void oneEntryTakesEverythingThatWaits() throws IOException {
    // given
    world.open();
    world.settle();
    long syncs = world.wal().counters().syncs();

    // when
    for (int i = 0; i < 10; i++) {
      send(i % 3, 200);
    }
    world.scheduler.runUntil(() -> world.wal().durableSequence() == 0, 1000);

    // then
    assertThat(world.wal().counters().syncs()).isEqualTo(syncs + 1);
    assertThat(entries(0)).hasSize(1);
    assertThat(world.sent.values())
        .allSatisfy(batches -> assertThat(batches).allMatch(batch -> batch.durable));
  }

  @Test
  void anEntryIsGroupedByPartitionAndEachPartitionKeepsItsOrder() throws IOException {
    // given
    world.open();

    // when
    for (int i = 0; i < 9; i++) {
      send(2 - i % 3, 100);
    }
    world.settle();

    // then
    List<WalEntryBatch> batches = entries(0).getFirst().batches();
    assertThat(batches).hasSize(9);
    assertThat(batches).extracting(WalEntryBatch::partition).isSorted();
    for (int partition = 0; partition < 3; partition++) {
      PartitionId id = TestBatch.partition(partition);
      assertThat(
              batches.stream()
                  .filter(batch -> batch.partition().equals(id))
                  .map(WalEntryBatch::baseOffset))
          .isSorted();
    }
  }

  @Test
  void callbacksComeInWalOrderWithWhereTheBatchLies() throws IOException {
    // given
    world.recyclePercent = 0;
    world.open();
    List<TestBatch> all = new ArrayList<>();

    // when
    for (int i = 0; i < 30; i++) {
      all.add(send(i % 2, 700));
      world.scheduler.runFor(300_000);
    }
    world.settle();

    // then
    for (TestBatch batch : all) {
      assertThat(batch.durable).isTrue();
      assertThat(batch.inChunk).isEqualTo(batch.array());
      ByteBuffer read =
          world.await(
              world
                  .wal()
                  .reader()
                  .read(batch.fileCounter, batch.filePosition, batch.array().length));
      assertThat(read).isEqualTo(ByteBuffer.wrap(batch.array()));
    }
  }

  @Test
  void nothingIsCalledDurableBeforeItIsSynced() throws IOException {
    // given
    world.open();
    world.settle();
    TestBatch batch = send(0, 100);
    long before = world.machine.disk().syncs();

    // when
    world.scheduler.runUntil(() -> batch.durable, 1000);

    // then
    assertThat(world.machine.disk().syncs()).isGreaterThan(before);
    byte[] medium = world.machine.disk().mediumBytes(world.folder.file(writer(), 0));
    assertThat(
            TestBatch.copy(ByteBuffer.wrap(medium), (int) batch.filePosition, batch.array().length))
        .isEqualTo(batch.array());
  }

  @Test
  void aLogThatGoesIdleGetsOneDurableMark() throws IOException {
    // given
    world.open();
    send(0, 100);

    // when
    world.settle();
    world.settle();

    // then
    List<WalEntry> entries = entries(0);
    assertThat(entries).hasSize(2);
    assertThat(entries.get(1).isMark()).isTrue();
    assertThat(entries.get(1).durableSequence()).isZero();
    assertThat(world.wal().durableSequence()).isEqualTo(1);
  }

  @Test
  void eachEntrySaysWhatWasDurableBeforeIt() throws IOException {
    // given
    world.open();
    world.settle();

    // when
    for (int i = 0; i < 5; i++) {
      TestBatch batch = send(0, 100);
      world.scheduler.runUntil(() -> batch.durable, 1000);
    }

    // then
    assertThat(entries(0)).extracting(WalEntry::durableSequence).startsWith(-1L, 0L, 1L, 2L, 3L);
  }

  @Test
  void aBatchLargerThanAFileGetsAFileOfItsOwn() throws IOException {
    // given
    world.recyclePercent = 0;
    world.open();
    send(0, 100);

    // when
    TestBatch large = send(0, 3 * WalWorld.FILE_BYTES);
    TestBatch after = send(0, 100);
    world.settle();

    // then
    assertThat(large.durable).isTrue();
    assertThat(after.durable).isTrue();
    world.await(world.wal().roll());
    world.restart(true);
    world.recover();
    world.verifyRecovered();
  }

  @Test
  void rollPublishesTheFileWithAllThatIsDurable() throws IOException {
    // given
    world.recyclePercent = 0;
    world.open();
    send(0, 100);
    world.settle();

    // when
    world.await(world.wal().roll());

    // then
    assertThat(world.listed).hasSize(1);
    assertThat(world.trim).isEqualTo(world.wal().durableSequence());
    world.await(world.wal().roll());
    assertThat(world.listed).as("nothing new").hasSize(1);
    world.verifyRecovered();
  }

  @Test
  void stopWritesWhatWaitsAndPublishesIt() throws IOException {
    // given
    world.recyclePercent = 0;
    world.open();
    TestBatch batch = send(0, 100);

    // when
    world.await(world.wal().stop());

    // then
    assertThat(batch.durable).isTrue();
    assertThat(world.listed).hasSize(1);
    assertThat(world.wal().failure().isDone()).isFalse();
    assertThatThrownBy(() -> world.wal().append(batch)).isInstanceOf(WalEndedException.class);
    world.verifyRecovered();
  }

  @Test
  void stoppingAnUnusedLogPublishesNothing() {
    world.open();
    world.await(world.wal().stop());
    assertThat(world.listed).isEmpty();
  }

  @Test
  void aFailedSyncEndsEveryBatchThatIsNotDurableAndNothingIsWrittenAfterwards() {
    // given
    world.open();
    world.settle();
    TestBatch first = send(0, 100);
    world.settle();
    world.machine.disk().failNextSync();

    // when
    TestBatch second = send(0, 100);
    world.scheduler.runUntil(() -> second.ended != null, 1000);
    long calls = world.machine.disk().calls();
    world.settle();

    // then
    assertThat(first.durable).isTrue();
    assertThat(second.durable).isFalse();
    assertThat(second.ended).hasRootCauseInstanceOf(IOException.class);
    assertThat(world.await(world.wal().failure())).isInstanceOf(WalEndedException.class);
    assertThat(world.machine.disk().calls()).isEqualTo(calls);
    assertThatThrownBy(() -> world.wal().append(second)).isInstanceOf(WalEndedException.class);
    assertThatThrownBy(
            () -> world.await(world.wal().reader().read(first.fileCounter, first.filePosition, 10)))
        .isInstanceOf(CompletionException.class);
  }

  @Test
  void runningOutOfMemoryInAWriteEndsTheLog() {
    // given
    world.open();
    world.settle();
    boolean[] durable = new boolean[1];
    WalEndedException[] ended = new WalEndedException[1];
    ByteBuffer bytes = TestBatch.bytes(0, 1, 10, 0);
    WalBatch batch =
        new WalBatch() {
          @Override
          public PartitionId partition() {
            throw new OutOfMemoryError("while the entry is put together");
          }

          @Override
          public ByteBuffer bytes() {
            return bytes;
          }

          @Override
          public boolean mayUseReserve() {
            return false;
          }

          @Override
          public void onDurable(
              Chunk chunk, int chunkPosition, long fileCounter, long filePosition) {
            durable[0] = true;
          }

          @Override
          public void onEnded(WalEndedException cause) {
            ended[0] = cause;
          }
        };

    // when
    world.wal().append(batch);
    world.settle();
    world.send(
        1, 100, false); // were the log to go on, the first would be called durable with this one
    world.settle();

    // then
    assertThat(durable[0]).isFalse();
    assertThat(ended[0]).hasCauseInstanceOf(OutOfMemoryError.class);
  }

  @Test
  void batchesHandedOverWhileTheLogEndsAreToldSo() {
    // given
    world.open();
    world.settle();
    LateBatch first = new LateBatch(world.wal()::close);
    LateBatch second = new LateBatch(() -> world.wal().append(first));

    // when
    world.wal().append(second);
    world.settle();

    // then
    assertThat(first.ended).isNotNull();
    assertThat(second.ended).isNotNull();
  }

  /** Something happens, and is over, between the log's first look at it and its hand-over. */
  private final class LateBatch implements WalBatch {
    private final Runnable meanwhile;
    private boolean seen;
    private @Nullable WalEndedException ended;

    LateBatch(Runnable meanwhile) {
      this.meanwhile = meanwhile;
    }

    @Override
    public PartitionId partition() {
      return TestBatch.partition(0);
    }

    @Override
    public ByteBuffer bytes() {
      if (!seen) {
        seen = true;
        meanwhile.run();
        world.settle();
      }
      return ByteBuffer.allocate(100);
    }

    @Override
    public boolean mayUseReserve() {
      return false;
    }

    @Override
    public void onDurable(Chunk chunk, int chunkPosition, long fileCounter, long filePosition) {
      throw new AssertionError("the log has ended");
    }

    @Override
    public void onEnded(WalEndedException cause) {
      ended = cause;
    }
  }

  @Test
  void aReleasedFileIsNotReadAndBecomesASpare() {
    // given
    world.recyclePercent = 0;
    world.open();
    TestBatch batch = send(0, 100);
    world.settle();
    world.await(world.wal().roll());
    world.settle();
    int spares = world.spares.count();

    // when
    world.mergeOldest();
    world.settle();

    // then
    assertThat(world.spares.count()).isEqualTo(spares + 1);
    assertThatThrownBy(
            () -> world.await(world.wal().reader().read(batch.fileCounter, batch.filePosition, 10)))
        .hasCauseInstanceOf(WalFileReader.ReleasedException.class);
  }

  @Test
  void whenTheDiskIsFullBatchesAreRefusedAndTheReserveStillWorks() throws IOException {
    // given
    world.recyclePercent = 0;
    world.open();
    world.settle();
    world.machine.disk().capacityBytes(world.machine.disk().usedBytes() + (16 << 10));

    // when
    List<TestBatch> taken = new ArrayList<>();
    TestBatch next;
    while ((next = world.send(0, 1000, false)) != null) {
      taken.add(next);
      world.scheduler.runFor(5_000_000);
    }
    world.settle();
    TestBatch reserved = world.send(1, 1000, true);
    world.settle();

    // then
    assertThat(taken).allMatch(batch -> batch.durable);
    assertThat(Objects.requireNonNull(reserved).durable).isTrue();
    assertThat(world.send(0, 1000, false)).isNull();
    assertThat(world.wal().failure().isDone()).isFalse();

    // and service returns with the space
    world.machine.disk().capacityBytes(Long.MAX_VALUE);
    world.settle();
    TestBatch later = world.send(0, 1000, false);
    world.settle();
    assertThat(Objects.requireNonNull(later).durable).isTrue();
    world.restart(true);
    world.recover();
    world.verifyRecovered();
  }

  @Test
  void whenPublicationsLagBatchesAreRefusedUntilTheyCatchUp() {
    // given
    world.recyclePercent = 0;
    world.publicationsHeld = true;
    world.open();

    // when
    TestBatch next;
    int taken = 0;
    while ((next = world.send(0, 3000, false)) != null) {
      taken++;
      world.scheduler.runFor(20_000_000);
    }

    // then
    assertThat(world.sealed).hasSize(world.settings.unpublishedFilesMax() + 1);
    assertThat(taken).isGreaterThan(15);
    world.releasePublications();
    world.settle();
    TestBatch later = send(0, 3000);
    world.settle();
    assertThat(later.durable).isTrue();
  }

  @Test
  void withAnIntervalWhatIsWrittenIsAcknowledgedAndSyncedSoonAfter() {
    // given
    FileWalSettings s = world.settings;
    world.settings =
        new FileWalSettings(
            s.fileBytes(),
            s.firstFileBytes(),
            s.entryBytesMax(),
            WalSync.INTERVAL,
            5_000_000,
            2_000_000,
            s.reserveBytes(),
            3);
    world.open();
    world.settle();
    TestBatch batch = send(0, 100);

    // when
    world.scheduler.runUntil(() -> batch.durable, 1000);

    // then
    assertThat(world.wal().durableSequence()).isEqualTo(-1);
    world.settle();
    assertThat(world.wal().durableSequence()).isNotNegative();
  }
}
