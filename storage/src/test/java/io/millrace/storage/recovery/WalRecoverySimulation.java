package io.millrace.storage.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.wal.FileWalSettings;
import io.millrace.storage.wal.TestBatch;
import io.millrace.storage.wal.WalSync;
import io.millrace.storage.wal.WalWorld;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Crashes at every disk call of a run with rolls and recycled files, and of recovery itself (I1,
 * I3, I4, I11; E1, E11, E14).
 */
class WalRecoverySimulation {
  private static final int BURSTS = 40;

  /** Runs the script up to the given disk call; false if it ended before. */
  private static boolean crashAt(WalWorld world, long call) {
    world.machine.crashAfterDiskCalls(call);
    world.open();
    world.produce(BURSTS);
    if (world.machine.running()) {
      world.settle();
    }
    return !world.machine.running();
  }

  @ParameterizedTest
  @CsvSource({"1,false", "2,false", "3,true", "4,true", "5,true"})
  void whatWasAcknowledgedIsThereAfterACrashAtAnyDiskCall(long seed, boolean powerLoss)
      throws IOException {
    // given
    boolean crashed = true;
    for (long call = 1; crashed; call++) {
      WalWorld world = new WalWorld(seed * 10_000 + call);

      // when
      crashed = crashAt(world, call);
      world.restart(powerLoss);
      assertThat(world.recover()).isTrue();

      // then
      world.verifyRecovered();
      world.restart(true);
      assertThat(world.recover()).isTrue();
      world.verifyRecovered();

      // and the next life, on the same spare files, takes nothing away
      world.open();
      world.produce(10);
      world.restart(powerLoss);
      assertThat(world.recover()).isTrue();
      world.verifyRecovered();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16})
  void recoveryMayCrashAtAnyDiskCallAndBeRepeated(long seed) throws IOException {
    boolean crashed = true;
    for (long call = 1; crashed; call++) {
      // given a log that ended at some point
      WalWorld world = new WalWorld(seed);
      crashAt(world, 30 + seed * 37 % 200);
      world.restart(seed % 2 == 0);

      // when recovery loses power at this call, and again a little later
      world.machine.crashAfterDiskCalls(call);
      crashed = !world.recover();
      world.restart(true);
      if (crashed) {
        world.machine.crashAfterDiskCalls(1 + world.random.nextInt(20));
        world.recover();
        world.restart(true);
      }
      assertThat(world.recover()).isTrue();

      // then
      world.verifyRecovered();
      world.restart(true);
      assertThat(world.recover()).isTrue();
      world.verifyRecovered();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28, 29, 30})
  void aFailedSyncEndsTheIncarnationAndItsPagesAreNotTrusted(long seed) throws IOException {
    int ends = 0;
    for (int at = 0; at < 20; at++) {
      // given
      WalWorld world = new WalWorld(seed * 100 + at);
      world.open();
      world.produce(2 + at);

      // when
      world.machine.disk().failNextSync();
      world.produce(20);
      world.settle();
      if (world.wal().failure().isDone()) {
        ends++;
        assertThat(world.send(0, 100, false)).as("taken after the end").isNull();
      }
      world.restart(false);
      assertThat(world.recover()).isTrue();

      // then
      world.restart(true);
      assertThat(world.recover()).isTrue();
      world.verifyRecovered();
    }
    // The others met the filling of a spare file, which is begun anew.
    assertThat(ends).isGreaterThan(10);
  }

  @Test
  void holesInWhatWasNeverSyncedAreWhereTheLogEnds() throws IOException {
    for (long seed = 0; seed < 100; seed++) {
      // given a log that is synced now and then only
      WalWorld world = new WalWorld(4000 + seed);
      FileWalSettings s = world.settings;
      world.settings =
          new FileWalSettings(
              s.fileBytes(),
              s.firstFileBytes(),
              s.entryBytesMax(),
              WalSync.INTERVAL,
              20_000_000,
              50_000_000,
              s.reserveBytes(),
              s.unpublishedFilesMax());
      world.recyclePercent = 0;
      world.open();
      world.produce(10 + world.random.nextInt(20));

      // when
      long durable = world.wal().durableSequence();
      world.restart(true);
      assertThat(world.recover()).isTrue();

      // then what is left is a prefix of what was sent, and no less than what was synced
      assertThat(world.recoveredEnd).as("seed %d", seed).isGreaterThanOrEqualTo(durable);
      for (Map.Entry<PartitionId, List<TestBatch>> each : world.sent.entrySet()) {
        List<byte[]> found = world.found(each.getKey());
        for (int i = 0; i < found.size(); i++) {
          byte[] sent = each.getValue().get(i).array();
          assertThat(Arrays.equals(found.get(i), sent))
              .as("seed %d, batch %d of %d", seed, i, found.size())
              .isTrue();
        }
      }
    }
  }

  @Test
  void theScriptRollsAndRecycles() {
    WalWorld world = new WalWorld(1);
    assertThat(crashAt(world, Long.MAX_VALUE / 2)).isFalse();
    assertThat(world.sealed).hasSizeGreaterThan(3);
    assertThat(world.spares.filledBytes()).isLessThan(world.wal().counters().writtenBytes());
  }

  @ParameterizedTest
  @ValueSource(longs = {31, 32, 33, 34, 35, 36, 37, 38})
  void theFirstAcknowledgementFromARecycledFileSurvivesAPowerLoss(long seed) throws IOException {
    // given
    WalWorld world = new WalWorld(seed);
    world.recyclePercent = 100;
    world.open();
    while (world.sealed.size() < 4) {
      world.produce(1);
    }

    // when
    int files = world.sealed.size();
    long durableBefore = world.wal().durableSequence();
    while (world.sealed.size() == files || world.wal().durableSequence() == durableBefore) {
      durableBefore = world.sealed.size() == files ? world.wal().durableSequence() : durableBefore;
      if (world.sealed.size() == files) {
        world.send(0, 1500, false);
      }
      world.scheduler.step();
    }
    world.restart(true);
    assertThat(world.recover()).isTrue();

    // then
    world.verifyRecovered();
  }
}
