package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.objectstore.ObjectStore.PartOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedPut;
import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class DirectoryStoreCrashTest {

  @Test
  void aStoredObjectSurvivesPowerLossAtEveryDiskCallAndNoneIsTorn() {
    int stored = 0;
    int crashed = 0;
    for (long seed = 0; seed < 200; seed++) {
      Machine machine = new Machine(seed);
      machine.machine.crashAfterDiskCalls(1 + seed % 45);
      List<String> acknowledged = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        String key = "folder" + i % 2 + "/k" + i;
        if (machine.await(machine.store.putIfAbsent(key, body(key))) instanceof PutOutcome.Stored) {
          acknowledged.add(key);
        }
      }
      crashed += machine.machine.running() ? 0 : 1;
      machine.restart(true);
      for (int i = 0; i < 5; i++) {
        String key = "folder" + i % 2 + "/k" + i;
        GetOutcome found = machine.await(machine.store.get(key, 1000));
        if (acknowledged.contains(key)) {
          stored++;
          assertThat(found).isEqualTo(new GetOutcome.Found(body(key)));
        } else if (found instanceof GetOutcome.Found whole) {
          assertThat(whole.body()).isEqualTo(body(key));
        }
      }
    }
    assertThat(stored).isPositive();
    assertThat(crashed).isPositive();
  }

  @Test
  void whatANewProcessHasSeenStaysThereThroughPowerLoss() {
    int seen = 0;
    for (long seed = 0; seed < 300; seed++) {
      Machine machine = new Machine(seed);
      machine.machine.crashAfterDiskCalls(1 + seed / 4 % 40);
      CompletableFuture<PutOutcome> put = machine.store.putIfAbsent("a/b/c", body("x"));
      machine.scheduler.runUntil(put::isDone, 10_000);
      machine.restart(false);
      boolean found =
          switch ((int) (seed % 4)) {
            case 0 ->
                machine.await(machine.store.get("a/b/c", 1000)) instanceof GetOutcome.Found;
            case 1 -> machine.await(machine.store.head("a/b/c")) instanceof HeadOutcome.Found;
            case 2 ->
                machine.await(machine.store.list("", "", 10)) instanceof ListOutcome.Keys keys
                    && !keys.keys().isEmpty();
            default ->
                !(machine.await(machine.store.putIfAbsent("a/b/c", body("x")))
                    instanceof PutOutcome.Unknown);
          };
      machine.restart(true);
      if (found) {
        seen++;
        assertThat(machine.await(machine.store.get("a/b/c", 1000)))
            .as("seed %d", seed)
            .isEqualTo(new GetOutcome.Found(body("x")));
      }
    }
    assertThat(seen).isPositive();
  }

  @Test
  void aDeletedObjectStaysDeleted() {
    for (long seed = 0; seed < 50; seed++) {
      Machine machine = new Machine(seed);
      machine.await(machine.store.putIfAbsent("a/b", body("x")));
      assertThat(machine.await(machine.store.delete("a/b")))
          .isInstanceOf(DeleteOutcome.Deleted.class);
      machine.restart(true);
      assertThat(machine.await(machine.store.head("a/b"))).isInstanceOf(HeadOutcome.Absent.class);
    }
  }

  @Test
  void aFailedSyncIsUnknownAndTheNextPutStartsAfresh() {
    for (long seed = 0; seed < 50; seed++) {
      Machine machine = new Machine(seed);
      machine.machine.disk().failNextSync();
      assertThat(machine.await(machine.store.putIfAbsent("a/b", body("x"))))
          .isInstanceOf(PutOutcome.Unknown.class);
      assertThat(machine.await(machine.store.putIfAbsent("a/b", body("x"))))
          .isInstanceOf(PutOutcome.Stored.class);
      machine.restart(true);
      assertThat(machine.await(machine.store.get("a/b", 1000)))
          .isEqualTo(new GetOutcome.Found(body("x")));
    }
  }

  @Test
  void aFailedSyncEndsAPutInParts() {
    Machine machine = new Machine(1);
    MultipartPut put = machine.store.multipartPut("a/b");
    machine.machine.disk().failNextSync();
    assertThat(machine.await(put.append(body("x")))).isInstanceOf(PartOutcome.Unknown.class);
    assertThat(machine.await(put.append(body("x")))).isInstanceOf(PartOutcome.Unknown.class);
    assertThat(machine.await(put.complete())).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(machine.await(machine.store.head("a/b"))).isInstanceOf(HeadOutcome.Absent.class);
  }

  @Test
  void onAFullDiskPutsAreUnknownAndReadsAndDeletesGoOn() {
    Machine machine = new Machine(1);
    machine.await(machine.store.putIfAbsent("a/b", body("old")));
    machine.machine.disk().capacityBytes(machine.machine.disk().usedBytes() + 2);
    assertThat(machine.await(machine.store.putIfAbsent("a/c", body("new"))))
        .isEqualTo(new PutOutcome.Unknown("java.io.IOException: No space left on device"));
    assertThat(machine.await(machine.store.get("a/b", 1000)))
        .isEqualTo(new GetOutcome.Found(body("old")));
    assertThat(machine.await(machine.store.delete("a/b"))).isInstanceOf(DeleteOutcome.Deleted.class);
    assertThat(machine.await(machine.store.putIfAbsent("a/c", body("new"))))
        .isInstanceOf(PutOutcome.Stored.class);
  }

  @Test
  void abortingTakesNoOtherFileThanThePutsOwn() {
    Machine machine = new Machine(1);
    for (String id : List.of("../store/a", "0~../x", "x~a", "~a", "0~b", "0~a/../../x")) {
      assertThatThrownBy(() -> machine.store.abortUnfinished(new ObjectStore.UnfinishedPut("a", id)))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(machine.await(machine.store.abortUnfinished(new UnfinishedPut("a", "0~a"))))
        .isInstanceOf(DeleteOutcome.Deleted.class);
  }

  private static ByteBuffer body(String text) {
    return ByteBuffer.wrap(text.repeat(300).getBytes(StandardCharsets.UTF_8)).limit(300);
  }

  private static final class Machine {
    final SimulatedScheduler scheduler;
    final SimulatedMachine machine;
    DirectoryStore store;

    Machine(long seed) {
      scheduler = new SimulatedScheduler(seed);
      machine = new SimulatedMachine(scheduler, "machine");
      store = start();
    }

    void restart(boolean powerLoss) {
      if (powerLoss) {
        machine.losePower();
      } else {
        machine.crashProcess();
      }
      store = start();
    }

    private DirectoryStore start() {
      Environment environment = machine.startProcess();
      return new DirectoryStore(
          environment.disk(), environment.threads().pool("store", 2, 100), Path.of("/data"));
    }

    /** Null if the machine crashed first. */
    <T> @Nullable T await(CompletableFuture<T> future) {
      scheduler.runUntil(() -> future.isDone() || !machine.running(), 10_000);
      return future.getNow(null);
    }
  }
}
