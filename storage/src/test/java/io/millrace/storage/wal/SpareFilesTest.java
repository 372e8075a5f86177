package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SpareFilesTest {
  private static final Path FOLDER = Path.of("/data/spare");
  private static final Path TARGET = Path.of("/data/store/wal/w/0");

  private final SimulatedDisk disk = new SimulatedDisk(new SimulatedScheduler(1));

  private SpareFiles open() throws IOException {
    return SpareFiles.open(disk, FOLDER, 2, 64 << 10, 4096);
  }

  private static void make(SpareFiles spares, long bytes) throws IOException {
    SpareFiles.Filling filling = spares.begin(bytes);
    while (!filling.step()) {
      assertThat(filling.filled()).isLessThan(1);
    }
  }

  private void write(Path path, int bytes) throws IOException {
    try (DiskFile file = disk.open(path, Mode.CREATE)) {
      file.write(ByteBuffer.allocate(bytes), 0);
      file.sync();
    }
  }

  @Test
  void aSpareIsTakenUnderItsNewNameOnly() throws IOException {
    // given
    SpareFiles spares = open();
    make(spares, 8192);

    // when
    boolean taken = spares.take(8192, 8192, TARGET);

    // then
    assertThat(taken).isTrue();
    assertThat(disk.files(Path.of("/data"))).containsExactly(TARGET);
    assertThat(disk.cacheBytes(TARGET)).hasSize(8192).containsOnly(0);
    assertThat(spares.take(1, 1, TARGET.resolveSibling("1"))).isFalse();
  }

  @Test
  void theSmallestThatIsWantedIsTakenElseTheLargestThatWillDo() throws IOException {
    SpareFiles spares = open();
    make(spares, 8192);
    make(spares, 16384);
    spares.take(4096, 4096, TARGET);
    assertThat(disk.cacheBytes(TARGET)).hasSize(8192);
    make(spares, 8192);
    spares.take(4096, 32768, TARGET.resolveSibling("1"));
    assertThat(disk.cacheBytes(TARGET.resolveSibling("1"))).hasSize(16384);
    assertThat(spares.has(8193)).isFalse();
  }

  @Test
  void openingKeepsWholeFilesAndDeletesWhatIsUnfinishedOrTooMuch() throws IOException {
    // given
    disk.createDirectories(FOLDER);
    write(FOLDER.resolve("00000000000000000003"), 8192);
    write(FOLDER.resolve("00000000000000000004"), 128 << 10);
    write(FOLDER.resolve("00000000000000000005.new"), 8192);
    write(FOLDER.resolve("00000000000000000006"), 8192);
    write(FOLDER.resolve("00000000000000000007"), 8192);

    // when
    SpareFiles spares = open();

    // then
    assertThat(spares.count()).isEqualTo(2);
    assertThat(disk.files(FOLDER))
        .containsExactly(
            FOLDER.resolve("00000000000000000003"), FOLDER.resolve("00000000000000000006"));
  }

  @Test
  void aLargerFileTakesThePlaceOfTheSmallestSpare() throws IOException {
    // given
    SpareFiles spares = open();
    make(spares, 8192);
    make(spares, 16384);
    disk.createDirectories(Path.of("/data/store/wal/w"));
    write(TARGET, 32768);

    // when
    spares.recycle(TARGET);

    // then
    assertThat(spares.count()).isEqualTo(2);
    assertThat(spares.has(32768)).isTrue();
    assertThat(disk.exists(TARGET)).isFalse();
    assertThat(disk.files(FOLDER)).hasSize(2);
  }

  @Test
  void aFileThatIsNotWantedIsDeleted() throws IOException {
    // given
    SpareFiles spares = open();
    disk.createDirectories(Path.of("/data/store/wal/w"));
    write(TARGET, 128 << 10);

    // when
    spares.recycle(TARGET);

    // then
    assertThat(spares.count()).isZero();
    assertThat(disk.files(Path.of("/data"))).isEmpty();
  }

  @Test
  void theReserveOfTheVolumeIsLeftAlone() throws IOException {
    SpareFiles spares = open();
    disk.capacityBytes(disk.usedBytes() + 8192 + 4095);
    assertThatThrownBy(() -> spares.begin(8192))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no space");
    disk.capacityBytes(disk.usedBytes() + 8192 + 4096);
    make(spares, 8192);
    assertThat(spares.count()).isEqualTo(1);
  }
}
