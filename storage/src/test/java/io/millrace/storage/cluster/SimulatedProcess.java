package io.millrace.storage.cluster;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import java.util.ArrayDeque;
import java.util.Deque;

/** A process that can be stopped and continued, as by signals, and killed. */
final class SimulatedProcess {
  private final SimulatedThreads threads;
  private final Deque<Runnable> held = new ArrayDeque<>();
  private boolean stopped;

  SimulatedProcess(SimulatedScheduler scheduler, String name) {
    this.threads = new SimulatedThreads(scheduler, name);
  }

  EventLoop eventLoop(String name) {
    return new Loop(threads.eventLoop(name));
  }

  boolean alive() {
    return threads.alive();
  }

  boolean stopped() {
    return stopped;
  }

  void kill() {
    threads.kill();
  }

  void stop() {
    stopped = true;
  }

  void resume() {
    stopped = false;
    while (!held.isEmpty()) {
      held.removeFirst().run();
    }
  }

  private final class Loop implements EventLoop {
    private final EventLoop loop;

    Loop(EventLoop loop) {
      this.loop = loop;
    }

    @Override
    public String name() {
      return loop.name();
    }

    @Override
    public void execute(Runnable task) {
      loop.execute(() -> runOrHold(task));
    }

    @Override
    public Cancellable schedule(long delayNs, Runnable task) {
      boolean[] cancelled = new boolean[1];
      Cancellable timer =
          loop.schedule(
              delayNs,
              () ->
                  runOrHold(() -> {
                    if (!cancelled[0]) {
                      task.run();
                    }
                  }));
      return () -> {
        cancelled[0] = true;
        timer.cancel();
      };
    }

    private void runOrHold(Runnable task) {
      if (stopped) {
        held.add(() -> loop.execute(task));
      } else {
        task.run();
      }
    }

    @Override
    public boolean inLoop() {
      return loop.inLoop();
    }

    @Override
    public void close() {
      loop.close();
    }
  }
}
