package io.millrace.storage.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.storage.WriterId;
import io.millrace.storage.wal.TestBatch;
import io.millrace.storage.wal.WalWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WalRecoveryTest {
  /** Header and an index of one batch. */
  private static final int FRAME_BYTES = 56 + 36;

  private final WalWorld world = new WalWorld(7);

  @BeforeEach
  void nothingIsMerged() {
    world.recyclePercent = 0;
  }

  private TestBatch acknowledged(int partition, int bytes) {
    TestBatch batch = Objects.requireNonNull(world.send(partition, bytes, false));
    assertThat(world.scheduler.runUntil(() -> batch.durable, 10_000)).isTrue();
    return batch;
  }

  private Path file(long counter) {
    return world.folder.file(Objects.requireNonNull(world.unrecovered), counter);
  }

  private RecoveredLog recovered() throws IOException {
    WriterId ended = Objects.requireNonNull(world.unrecovered);
    return new WalRecovery(world.environment.disk(), world.folder)
        .recover(ended, world.trim, world.publishedCounter);
  }

  /**
   * Every single bit would take long; a bit of every 31st byte of frame, index and batch does not.
   */
  private void assertDamageIsFound(TestBatch batch) throws IOException {
    Path path = file(batch.fileCounter);
    byte[] before = world.machine.disk().cacheBytes(path);
    for (long at = batch.filePosition - FRAME_BYTES;
        at < batch.filePosition + batch.array().length;
        at += 31) {
      world.machine.disk().flipBit(path, at * 8 + at % 8);
      byte[] damaged = world.machine.disk().cacheBytes(path);
      String message =
          at < batch.filePosition
              ? path.toString()
              : batch.partition() + " offset " + batch.baseOffset;
      assertThatThrownBy(this::recovered)
          .as("byte %d", at)
          .isInstanceOf(WalCorruptException.class)
          .hasMessageContaining(path.toString())
          .hasMessageContaining(message);
      assertThat(world.machine.disk().cacheBytes(path)).as("nothing is written").isEqualTo(damaged);
      world.machine.disk().flipBit(path, at * 8 + at % 8);
    }
    assertThat(world.machine.disk().cacheBytes(path)).isEqualTo(before);
  }

  @Test
  void aFlippedBitInAnEntryThatWasDurableIsDamage() throws IOException {
    // given
    world.open();
    acknowledged(0, 300);
    TestBatch damaged = acknowledged(1, 300);
    acknowledged(0, 300);
    world.restart(false);

    // then
    assertDamageIsFound(damaged);
  }

  @Test
  void aFlippedBitInTheLastEntryOfAnIdleLogIsDamage() throws IOException {
    // given
    world.open();
    TestBatch damaged = acknowledged(0, 300);
    world.settle();
    world.restart(false);

    // then
    assertDamageIsFound(damaged);
  }

  @Test
  void damageAtTheEndOfAFileIsFoundThroughTheNextOne() throws IOException {
    // given
    world.open();
    TestBatch last = acknowledged(0, 3000);
    TestBatch next = last;
    while (next.fileCounter == last.fileCounter) {
      last = next;
      next = acknowledged(0, 3000);
    }
    acknowledged(0, 100);
    world.restart(false);
    assertThat(world.publishedCounter).as("not published yet").isLessThan(last.fileCounter);

    // then
    assertDamageIsFound(last);
  }

  @Test
  void aTornLastEntryIsTheEndOfTheLog() throws IOException {
    // given
    world.open();
    acknowledged(0, 300);
    TestBatch last = acknowledged(0, 300);
    long durable = world.wal().durableSequence();
    world.restart(false);
    world.machine.disk().flipBit(file(0), last.filePosition * 8 + 800);

    // when
    RecoveredLog log = recovered();

    // then
    assertThat(log.endSequence()).isEqualTo(durable - 1);
    assertThat(log.objects()).hasSize(1);
  }

  @Test
  void offsetsThatAreNotDenseAreDamage() throws IOException {
    // given
    world.open();
    acknowledged(0, 300);
    TestBatch gap =
        new TestBatch(TestBatch.partition(0), TestBatch.bytes(1000, 1, 10, 1), false, () -> {});
    world.wal().append(gap);
    assertThat(world.scheduler.runUntil(() -> gap.durable, 10_000)).isTrue();
    world.restart(false);

    // then
    assertThatThrownBy(this::recovered)
        .isInstanceOf(WalCorruptException.class)
        .hasMessageContaining("offset 1000");
  }

  @Test
  void recoveringTwiceGivesTheSameFilesAndObjects() throws IOException {
    // given
    world.open();
    world.produce(20);
    world.restart(false);

    // when
    RecoveredLog first = recovered();
    List<byte[]> bytes = allBytes();
    RecoveredLog second = recovered();

    // then
    assertThat(second).isEqualTo(first);
    assertThat(allBytes()).usingElementComparator(Arrays::compare).isEqualTo(bytes);
  }

  private List<byte[]> allBytes() throws IOException {
    List<byte[]> all = new java.util.ArrayList<>();
    for (Path path : world.machine.disk().files(world.folder.storeFolder())) {
      all.add(world.machine.disk().cacheBytes(path));
    }
    return all;
  }

  @Test
  void whatTheKernelAloneHasSeenIsWrittenAgain() throws IOException {
    // given an entry that is in the page cache and can never reach the medium
    world.open();
    acknowledged(0, 300);
    world.settle();
    world.machine.disk().failNextSync();
    TestBatch lost = Objects.requireNonNull(world.send(0, 3000, false));
    world.scheduler.runUntil(() -> lost.ended != null, 10_000);
    world.restart(false);

    // when
    RecoveredLog log = recovered();

    // then what was adopted is on the medium
    Path path = file(0);
    assertThat(log.endSequence()).isEqualTo(2);
    byte[] medium = world.machine.disk().mediumBytes(path);
    assertThat(medium).isEqualTo(world.machine.disk().cacheBytes(path));
  }

  @Test
  void anEmptyFileIsDeletedAndNothingIsPublished() throws IOException {
    // given
    world.open();
    world.settle();
    Path path = file(0);
    world.environment.disk().createDirectories(Objects.requireNonNull(path.getParent()));
    try (DiskFile file = world.environment.disk().open(path, Mode.CREATE)) {
      file.write(ByteBuffer.allocate(8192), 0);
    }
    world.restart(false);

    // when
    assertThat(world.recover()).isTrue();

    // then
    assertThat(world.listed).isEmpty();
    assertThat(world.machine.disk().files(world.folder.storeFolder())).isEmpty();
  }
}
