package io.millrace.runtime.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Threads;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

final class SimulatedSchedulerTest {

  @Test
  void theSameSeedRunsTheSameStepsInTheSameOrder() {
    for (long seed = 0; seed < 20; seed++) {
      assertThat(run(seed)).isEqualTo(run(seed));
    }
  }

  @Test
  void otherSeedsRunOtherOrders() {
    Set<List<String>> orders = new HashSet<>();
    for (long seed = 0; seed < 20; seed++) {
      orders.add(run(seed).order());
    }
    assertThat(orders).hasSizeGreaterThan(10);
  }

  @Test
  void aLoopKeepsTheOrderOfHandOver() {
    for (long seed = 0; seed < 20; seed++) {
      List<String> ofOne = run(seed).order().stream().filter(s -> s.startsWith("one")).toList();
      assertThat(ofOne).isSorted().hasSize(10);
    }
  }

  @Test
  void aTimerRunsNotBeforeItsTimeAndNotAtAllOnceCancelled() {
    SimulatedScheduler scheduler = new SimulatedScheduler(3);
    EventLoop loop = new SimulatedMachine(scheduler, "m").startProcess().threads().eventLoop("l");
    List<Long> ran = new ArrayList<>();
    long startNs = scheduler.nowNs();
    loop.schedule(5_000_000, () -> ran.add(scheduler.nowNs() - startNs));
    loop.schedule(1_000_000, () -> ran.add(-1L)).cancel();

    scheduler.runUntil(() -> false, 100);

    assertThat(ran).hasSize(1);
    assertThat(ran.getFirst()).isGreaterThanOrEqualTo(5_000_000);
  }

  @Test
  void aStoppedProcessGoesOnLaterWithAllThatHasQueued() {
    SimulatedScheduler scheduler = new SimulatedScheduler(5);
    SimulatedMachine machine = new SimulatedMachine(scheduler, "m");
    EventLoop loop = machine.startProcess().threads().eventLoop("l");
    SimulatedThreads process = Objects.requireNonNull(machine.process());
    List<Long> ranAtNs = new ArrayList<>();
    long startNs = scheduler.nowNs();
    loop.schedule(5_000_000, () -> ranAtNs.add(scheduler.nowNs() - startNs));

    process.stop(60_000_000_000L);
    loop.execute(() -> ranAtNs.add(scheduler.nowNs() - startNs));
    process
        .eventLoop("made while it was stopped")
        .execute(() -> ranAtNs.add(scheduler.nowNs() - startNs));
    boolean stopped = process.stopped();
    scheduler.runUntil(() -> false, 100);

    assertThat(stopped).isTrue();
    assertThat(process.stopped()).isFalse();
    assertThat(ranAtNs)
        .hasSize(3)
        .allSatisfy(ns -> assertThat(ns).isGreaterThanOrEqualTo(60_000_000_000L));
  }

  @Test
  void aStalledLoopHoldsUpNoOther() {
    SimulatedScheduler scheduler = new SimulatedScheduler(6);
    SimulatedMachine machine = new SimulatedMachine(scheduler, "m");
    Threads threads = machine.startProcess().threads();
    EventLoop stalled = threads.eventLoop("stalled");
    EventLoop other = threads.eventLoop("other");
    List<String> ran = new ArrayList<>();

    Objects.requireNonNull(machine.process()).stall("stalled", 1_000_000_000L);
    stalled.execute(() -> ran.add("stalled"));
    other.schedule(500_000_000L, () -> ran.add("other"));
    scheduler.runUntil(() -> false, 100);

    assertThat(ran).containsExactly("other", "stalled");
  }

  @Test
  void aCrashDropsTheTasksOfItsMachineOnly() {
    SimulatedScheduler scheduler = new SimulatedScheduler(4);
    SimulatedMachine dead = new SimulatedMachine(scheduler, "dead");
    SimulatedMachine live = new SimulatedMachine(scheduler, "live");
    List<String> ran = new ArrayList<>();
    dead.startProcess().threads().eventLoop("l").execute(() -> ran.add("dead"));
    live.startProcess().threads().eventLoop("l").execute(() -> ran.add("live"));

    dead.crashProcess();
    scheduler.runUntil(() -> false, 100);

    assertThat(ran).containsExactly("live");
  }

  @Test
  void aTaskThatThrowsIsReported() {
    SimulatedScheduler scheduler = new SimulatedScheduler(5);
    EventLoop loop = new SimulatedMachine(scheduler, "m").startProcess().threads().eventLoop("l");
    loop.execute(() -> {
      throw new IllegalStateException("bug");
    });
    scheduler.step();
    assertThat(scheduler.failures()).singleElement().asString().contains("bug");
  }

  @Test
  void theWallClockJumpsAndTheMonotonicOneDoesNot() {
    SimulatedScheduler scheduler = new SimulatedScheduler(6);
    SimulatedMachine machine = new SimulatedMachine(scheduler, "m");
    long wallMs = machine.clock().wallMs();
    long monotonicNs = machine.clock().monotonicNs();
    machine.clock().jump(-3_600_000);
    assertThat(machine.clock().wallMs()).isEqualTo(wallMs - 3_600_000);
    assertThat(machine.clock().monotonicNs()).isEqualTo(monotonicNs);
  }

  private record Run(List<String> order, long hash) {}

  private static Run run(long seed) {
    SimulatedScheduler scheduler = new SimulatedScheduler(seed);
    Environment environment = new SimulatedMachine(scheduler, "m").startProcess();
    List<String> order = new ArrayList<>();
    EventLoop one = environment.threads().eventLoop("one");
    EventLoop two = environment.threads().eventLoop("two");
    Executor pool = environment.threads().pool("pool", 3, 100);
    for (int i = 0; i < 10; i++) {
      String number = Integer.toString(i);
      one.execute(() -> order.add("one" + number));
      two.execute(() -> pool.execute(() -> order.add("pool" + number)));
    }
    scheduler.runUntil(() -> false, 1000);
    assertThat(order).hasSize(20);
    return new Run(order, scheduler.traceHash());
  }
}
