package io.millrace.simulation.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.objectstore.ObjectStore.PartOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedOutcome;
import io.millrace.objectstore.StoreProbe;
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The rules of {@link ObjectStore} in calm weather, and that each kind of weather brings what it
 * says.
 */
final class SimulatedStoreTest {
  private final SimulatedScheduler scheduler = new SimulatedScheduler(11);
  private final SimulatedStore store = new SimulatedStore(scheduler);
  private final SimulatedMachine machine = new SimulatedMachine(scheduler, "m");
  private final Environment process = machine.startProcess();
  private final ObjectStore view = store.view("m", process.threads().eventLoop("store"));
  private final ObjectStore other =
      store.view(
          "o", new SimulatedMachine(scheduler, "o").startProcess().threads().eventLoop("store"));

  @Test
  void aKeyIsPutOnceWhoeverPutsIt() {
    CompletableFuture<PutOutcome> one = view.putIfAbsent("a/b", bytes("one"));
    CompletableFuture<PutOutcome> two = other.putIfAbsent("a/b", bytes("two"));

    Set<PutOutcome> outcomes = new HashSet<>(List.of(await(one), await(two)));

    assertThat(outcomes)
        .containsExactlyInAnyOrder(new PutOutcome.Stored(), new PutOutcome.Exists());
    String winner = await(one) instanceof PutOutcome.Stored ? "one" : "two";
    assertThat(await(view.get("a/b", 10))).isEqualTo(new GetOutcome.Found(bytes(winner)));
    assertThat(await(other.get("a/b", 2))).isEqualTo(new GetOutcome.TooLarge(3));
    assertThat(await(other.getRange("a/b", 1, 9)))
        .isEqualTo(new GetOutcome.Found(bytes(winner.substring(1))));
    assertThat(await(view.head("a/b"))).isEqualTo(new HeadOutcome.Found(3));
    assertThat(await(view.get("a/c", 10))).isEqualTo(new GetOutcome.Absent());
  }

  @Test
  void keysAreListedInOrderFromAKeyOn() {
    for (String key : List.of("b/2", "b/1", "b/3", "c/1")) {
      await(view.putIfAbsent(key, bytes(key)));
    }

    assertThat(await(other.list("b/", "b/1", 1)))
        .isEqualTo(new ListOutcome.Keys(List.of("b/2"), true));
    assertThat(await(other.list("b/", "b/2", 5)))
        .isEqualTo(new ListOutcome.Keys(List.of("b/3"), false));
    assertThat(await(view.delete("b/3"))).isEqualTo(new DeleteOutcome.Deleted());
    assertThat(await(view.delete("b/3"))).isEqualTo(new DeleteOutcome.Deleted());
    assertThat(await(other.list("b/", "b/2", 5))).isEqualTo(new ListOutcome.Keys(List.of(), false));
  }

  @Test
  void aPutInPartsIsSeenWhenItIsComplete() {
    MultipartPut put = view.multipartPut("d/1");
    assertThat(await(put.append(bytes("12")))).isEqualTo(new PartOutcome.Taken());
    assertThat(await(other.head("d/1"))).isEqualTo(new HeadOutcome.Absent());
    assertThat(await(other.unfinishedPuts("d/")))
        .isInstanceOfSatisfying(
            UnfinishedOutcome.Puts.class, puts -> assertThat(puts.puts()).hasSize(1));

    assertThat(await(put.append(bytes("34")))).isEqualTo(new PartOutcome.Taken());
    assertThat(await(put.complete())).isEqualTo(new PutOutcome.Stored());

    assertThat(await(other.get("d/1", 9))).isEqualTo(new GetOutcome.Found(bytes("1234")));
    assertThat(store.unfinishedPuts()).isEmpty();
  }

  @Test
  void anAbortedPutInPartsIsNeverSeen() {
    MultipartPut put = view.multipartPut("d/1");
    await(put.append(bytes("12")));
    await(put.abort());

    assertThat(await(put.complete())).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(await(other.head("d/1"))).isEqualTo(new HeadOutcome.Absent());
  }

  @Test
  void wrongArgumentsAreRefusedAtOnce() {
    assertThatThrownBy(() -> view.putIfAbsent("/a", bytes("x")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> view.getRange("a", -1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> view.list("a//", "", 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void itPassesTheProbe() {
    StoreProbe probe =
        new StoreProbe(
            view, process.clock(), "probe/one/1", "probe/one/2", StoreProbe.RACERS_SHARED);

    assertThat(await(probe.run())).isEqualTo(new ProbeOutcome.Passed());
  }

  @Test
  void inRoughWeatherAnAnswerIsTrueAndNoAnswerSaysNothing() {
    store.weather(StoreWeather.ROUGH);
    List<CompletableFuture<PutOutcome>> puts = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      puts.add(view.putIfAbsent("k/%04d".formatted(i), bytes("x")));
    }
    scheduler.runFor(TimeUnit.SECONDS.toNanos(10));
    int storedUnknown = 0;
    int absentUnknown = 0;
    for (int i = 0; i < 400; i++) {
      boolean there = store.bytes("k/%04d".formatted(i)) == 1;
      switch (puts.get(i).join()) {
        case PutOutcome.Stored _ -> assertThat(there).isTrue();
        case PutOutcome.Exists _ -> throw new AssertionError("nobody else puts");
        case PutOutcome.Unknown _ -> {
          storedUnknown += there ? 1 : 0;
          absentUnknown += there ? 0 : 1;
        }
      }
    }
    int storedAtFirst = store.keys("k/").size();
    scheduler.runFor(TimeUnit.MINUTES.toNanos(4));

    assertThat(storedUnknown).isPositive();
    assertThat(absentUnknown).isPositive();
    assertThat(store.keys("k/")).as("some happen minutes later").hasSizeGreaterThan(storedAtFirst);
  }

  @Test
  void whatADeadProcessHasSentHappensAndNobodyHearsOfIt() {
    CompletableFuture<PutOutcome> put = view.putIfAbsent("a/b", bytes("x"));

    machine.crashProcess();
    scheduler.runFor(TimeUnit.MINUTES.toNanos(1));

    assertThat(store.bytes("a/b")).isEqualTo(1);
    assertThat(put).isNotDone();
  }

  @Test
  void anOutageOfOneIsNoneOfAnother() {
    store.outage("m", TimeUnit.MINUTES.toNanos(1));
    CompletableFuture<GetOutcome> out = view.get("a/b", 1);

    assertThat(await(out)).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(await(other.get("a/b", 1))).isEqualTo(new GetOutcome.Absent());

    scheduler.runFor(TimeUnit.MINUTES.toNanos(1));
    assertThat(await(view.get("a/b", 1))).isEqualTo(new GetOutcome.Absent());
  }

  @Test
  void aThrottledViewIsRefusedOften() {
    store.throttle("m", TimeUnit.MINUTES.toNanos(1));
    List<CompletableFuture<GetOutcome>> gets = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      gets.add(view.get("a/b", 1));
    }
    scheduler.runFor(TimeUnit.SECONDS.toNanos(10));

    assertThat(gets.stream().filter(g -> g.join() instanceof GetOutcome.Unknown).count())
        .isBetween(10L, 40L);
  }

  private <T> T await(CompletableFuture<T> future) {
    scheduler.runUntil(future::isDone, 100_000);
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }
}
