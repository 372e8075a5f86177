package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.simulated.SimulatedCrash;
import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.runtime.simulated.SimulatedRandomness;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;

/**
 * A process dies in the middle of a put, another that has long used the folder believes what it
 * sees, then the power goes: what was believed is still there. At every disk call of the put, with
 * many choices of what the power loss takes.
 */
class SharedDirectoryDurabilityTest {
  private static final int SEEDS = 40;

  /** In a folder that the survivor has used, and in a new one. */
  private static final List<String> KEYS = List.of("wal/w0/2", "wal/w1/1");

  @Test
  void whatAGetHasFoundIsDurable() {
    believedAfterADeath((store, key) -> now(store.get(key, 100)) instanceof GetOutcome.Found);
  }

  @Test
  void whatAGetOfARangeHasFoundIsDurable() {
    believedAfterADeath((store, key) -> now(store.getRange(key, 0, 2)) instanceof GetOutcome.Found);
  }

  @Test
  void whatAHeadHasFoundIsDurable() {
    believedAfterADeath((store, key) -> now(store.head(key)) instanceof HeadOutcome.Found);
  }

  @Test
  void whatAListingHoldsIsDurable() {
    believedAfterADeath(
        (store, key) -> ((ListOutcome.Keys) now(store.list("wal/", "", 10))).keys().contains(key));
  }

  @Test
  void whatAPutFoundTakenIsDurable() {
    believedAfterADeath((store, key) ->
        switch (now(store.putIfAbsent(key, body()))) {
          case PutOutcome.Exists() -> true;
          case PutOutcome.Stored() -> true;
          case PutOutcome.Unknown _ -> false;
        });
  }

  @Test
  void aPutInAFolderThatADeadProcessMadeIsDurable() {
    for (int seed = 0; seed < SEEDS; seed++) {
      for (int call = 1; ; call++) {
        World world = new World(seed);
        boolean died = world.putDyingAtCall(call, "wal/w1/1");
        assertThat(now(world.survivor.putIfAbsent("wal/w1/2", body())))
            .isEqualTo(new PutOutcome.Stored());

        assertThat(world.afterPowerLoss("wal/w1/2"))
            .as("seed %d, dead at call %d", seed, call)
            .isEqualTo(new GetOutcome.Found(body()));
        if (!died) {
          break;
        }
      }
    }
  }

  private static void believedAfterADeath(BiPredicate<DirectoryStore, String> believes) {
    for (String key : KEYS) {
      int believed = 0;
      for (int seed = 0; seed < SEEDS; seed++) {
        for (int call = 1; ; call++) {
          World world = new World(seed);
          boolean died = world.putDyingAtCall(call, key);
          if (believes.test(world.survivor, key)) {
            believed++;
            assertThat(world.afterPowerLoss(key))
                .as("%s, seed %d, dead at call %d", key, seed, call)
                .isEqualTo(new GetOutcome.Found(body()));
          }
          if (!died) {
            break;
          }
        }
      }
      assertThat(believed).isGreaterThan(SEEDS);
    }
  }

  /** One folder, a process that dies and one that has used the folder before and goes on. */
  private static final class World {
    private final SimulatedDisk disk;
    private final SplittableRandom random;
    private final DirectoryStore survivor;

    World(int seed) {
      disk = new SimulatedDisk(new SimulatedScheduler(seed));
      random = new SplittableRandom(seed);
      survivor = open();
      now(survivor.putIfAbsent("wal/w0/1", body()));
      now(survivor.list("", "", 10));
    }

    /** False if the put was over before that call. */
    boolean putDyingAtCall(int call, String key) {
      DirectoryStore mortal = open();
      disk.crashAtCall(disk.calls() + call, () -> {});
      boolean died = false;
      try {
        mortal.putIfAbsent(key, body());
      } catch (SimulatedCrash crash) {
        died = true;
      }
      disk.processCrash();
      disk.restart();
      return died;
    }

    GetOutcome afterPowerLoss(String key) {
      disk.powerLoss();
      disk.restart();
      return now(open().get(key, 100));
    }

    private DirectoryStore open() {
      return DirectoryStore.shared(
          disk,
          StoreThreads.same(Runnable::run),
          Path.of("/data"),
          new SimulatedRandomness(random.split()));
    }
  }

  private static ByteBuffer body() {
    return ByteBuffer.wrap(new byte[] {1, 2, 3});
  }

  private static <T> T now(CompletableFuture<T> future) {
    return future.resultNow();
  }
}
