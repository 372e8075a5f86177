package io.millrace.runtime.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class SimulatedDiskTest {
  private static final Path FOLDER = Path.of("/d");
  private static final Path FILE = FOLDER.resolve("f");

  @Test
  void powerLossKeepsWhatWasSynced() throws IOException {
    for (long seed = 0; seed < 50; seed++) {
      SimulatedDisk disk = diskWith(seed, 4096, (byte) 1, true);
      disk.powerLoss();
      disk.restart();
      assertThat(disk.cacheBytes(FILE)).hasSize(4096).containsOnly(1);
    }
  }

  @Test
  void powerLossTearsUnsyncedWritesAtSectors() throws IOException {
    TreeSet<Integer> survivors = new TreeSet<>();
    for (long seed = 0; seed < 100; seed++) {
      SimulatedDisk disk = diskWith(seed, 4096, (byte) 1, true);
      write(disk, (byte) 2, 4096, false);
      disk.powerLoss();
      disk.restart();
      byte[] bytes = disk.cacheBytes(FILE);
      int kept = 0;
      for (int sector = 0; sector < 8; sector++) {
        byte[] part = Arrays.copyOfRange(bytes, sector * 512, sector * 512 + 512);
        assertThat(part).containsOnly(part[0]);
        kept += part[0] == 2 ? 1 : 0;
      }
      survivors.add(kept);
    }
    assertThat(survivors).contains(0, 8).hasSizeGreaterThan(4);
  }

  @Test
  void aCrashOfTheProcessKeepsThePageCache() throws IOException {
    SimulatedDisk disk = diskWith(1, 4096, (byte) 1, true);
    write(disk, (byte) 2, 4096, false);
    disk.processCrash();
    disk.restart();
    assertThat(disk.cacheBytes(FILE)).containsOnly(2);
  }

  @Test
  void afterAFailedSyncTheCacheShowsWhatNoLaterSyncWrites() throws IOException {
    boolean lostSome = false;
    for (long seed = 0; seed < 20; seed++) {
      SimulatedDisk disk = diskWith(seed, 4096, (byte) 1, true);
      disk.failNextSync();
      assertThatThrownBy(() -> write(disk, (byte) 2, 4096, true)).isInstanceOf(IOException.class);
      try (DiskFile file = disk.open(FILE, Mode.WRITE)) {
        file.sync();
      }
      assertThat(disk.cacheBytes(FILE)).containsOnly(2);
      disk.powerLoss();
      disk.restart();
      lostSome |=
          new String(disk.cacheBytes(FILE), java.nio.charset.StandardCharsets.ISO_8859_1)
              .contains("\u0001");
    }
    assertThat(lostSome).isTrue();
  }

  @Test
  void bytesWrittenAgainAfterAFailedSyncAreSynced() throws IOException {
    for (long seed = 0; seed < 20; seed++) {
      SimulatedDisk disk = diskWith(seed, 4096, (byte) 1, true);
      disk.failNextSync();
      assertThatThrownBy(() -> write(disk, (byte) 2, 4096, true)).isInstanceOf(IOException.class);
      write(disk, (byte) 2, 4096, true);
      disk.powerLoss();
      disk.restart();
      assertThat(disk.cacheBytes(FILE)).containsOnly(2);
    }
  }

  @Test
  void aNameIsKeptForCertainOnlyAfterItsFolderWasSynced() throws IOException {
    boolean lost = false;
    for (long seed = 0; seed < 30; seed++) {
      SimulatedDisk disk = new SimulatedDisk(new SimulatedScheduler(seed));
      disk.createDirectories(FOLDER);
      disk.open(FOLDER.resolve("synced"), Mode.CREATE).close();
      disk.syncDirectory(FOLDER);
      disk.open(FOLDER.resolve("unsynced"), Mode.CREATE).close();
      disk.powerLoss();
      disk.restart();
      assertThat(disk.exists(FOLDER.resolve("synced"))).isTrue();
      lost |= !disk.exists(FOLDER.resolve("unsynced"));
    }
    assertThat(lost).isTrue();
  }

  @Test
  void aRenamedFileAlwaysHasAName() throws IOException {
    for (long seed = 0; seed < 100; seed++) {
      SimulatedDisk disk = diskWith(seed, 512, (byte) 1, true);
      Path elsewhere = Path.of("/e");
      disk.createDirectories(elsewhere);
      disk.rename(FILE, elsewhere.resolve("g"));
      if (seed % 2 == 0) {
        disk.syncDirectory(FOLDER);
      }
      disk.powerLoss();
      disk.restart();
      assertThat(disk.exists(FILE) || disk.exists(elsewhere.resolve("g"))).isTrue();
    }
  }

  @Test
  void aFullDiskRefusesGrowthButNotOverwrites() throws IOException {
    SimulatedDisk disk = diskWith(1, 4096, (byte) 1, true);
    disk.capacityBytes(4096);
    write(disk, (byte) 2, 4096, true);
    assertThatThrownBy(() -> write(disk, (byte) 3, 4097, true))
        .hasMessageContaining("No space left");
    assertThat(disk.freeBytes(FOLDER)).isZero();
    disk.delete(FILE);
    assertThat(disk.freeBytes(FOLDER)).isEqualTo(4096);
  }

  @Test
  void aCrashAtACallKillsEveryLaterCallAndTheLocks() throws IOException {
    SimulatedScheduler scheduler = new SimulatedScheduler(1);
    SimulatedMachine machine = new SimulatedMachine(scheduler, "m");
    machine.startProcess();
    SimulatedDisk disk = machine.disk();
    disk.createDirectories(FOLDER);
    disk.lock(FOLDER.resolve("lock"));
    machine.crashAfterDiskCalls(2);
    assertThat(disk.exists(FILE)).isFalse();
    assertThatThrownBy(() -> disk.exists(FILE)).isInstanceOf(SimulatedCrash.class);
    assertThatThrownBy(() -> disk.exists(FILE)).isInstanceOf(SimulatedCrash.class);
    assertThat(machine.running()).isFalse();

    machine.losePower();
    machine.startProcess();
    disk.lock(FOLDER.resolve("lock"));
  }

  @Test
  void aFlippedBitIsSeenByReaders() throws IOException {
    SimulatedDisk disk = diskWith(1, 16, (byte) 0, true);
    disk.flipBit(FILE, 8 * 5 + 3);
    assertThat(disk.cacheBytes(FILE)[5]).isEqualTo((byte) 8);
    assertThat(disk.mediumBytes(FILE)[5]).isEqualTo((byte) 8);
  }

  private static SimulatedDisk diskWith(long seed, int size, byte value, boolean sync)
      throws IOException {
    SimulatedDisk disk = new SimulatedDisk(new SimulatedScheduler(seed));
    disk.createDirectories(FOLDER);
    disk.open(FILE, Mode.CREATE).close();
    disk.syncDirectory(FOLDER);
    write(disk, value, size, sync);
    return disk;
  }

  private static void write(SimulatedDisk disk, byte value, int size, boolean sync)
      throws IOException {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, value);
    try (DiskFile file = disk.open(FILE, Mode.WRITE)) {
      file.write(ByteBuffer.wrap(bytes), 0);
      if (sync) {
        file.sync();
      }
    }
  }
}
