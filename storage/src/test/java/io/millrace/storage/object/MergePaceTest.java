package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MergePaceTest {
  @Test
  void aMergeRestsMuchLongerWhileTheLogsSyncsAreSlow() {
    SimulatedScheduler scheduler = new SimulatedScheduler(1);
    EventLoop loop = new SimulatedThreads(scheduler, "p").eventLoop("merge");
    AtomicLong latencyNs = new AtomicLong(1_000_000);
    MergePace pace = new MergePace(100_000_000, latencyNs::get, 5_000_000);

    long fineNs = restNs(scheduler, loop, pace);
    latencyNs.set(6_000_000);
    long busyNs = restNs(scheduler, loop, pace);

    assertThat(fineNs)
        .isBetween(TimeUnit.MILLISECONDS.toNanos(10), TimeUnit.MILLISECONDS.toNanos(20));
    assertThat(busyNs).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(80));
  }

  private static long restNs(SimulatedScheduler scheduler, EventLoop loop, MergePace pace) {
    long startNs = scheduler.nowNs();
    var rested = pace.after(loop, 1_000_000);
    scheduler.runUntil(rested::isDone, 100);
    return scheduler.nowNs() - startNs;
  }
}
