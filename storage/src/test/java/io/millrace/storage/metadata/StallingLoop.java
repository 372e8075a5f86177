package io.millrace.storage.metadata;

import io.millrace.runtime.EventLoop;
import java.util.ArrayList;
import java.util.List;

/** A loop whose process can be stopped and continued: tasks that come due meanwhile run after. */
final class StallingLoop implements EventLoop {
  private final EventLoop inner;
  private final List<Runnable> held = new ArrayList<>();
  private boolean stalled;

  StallingLoop(EventLoop inner) {
    this.inner = inner;
  }

  void stall() {
    stalled = true;
  }

  void resume() {
    stalled = false;
    List<Runnable> due = List.copyOf(held);
    held.clear();
    due.forEach(inner::execute);
  }

  private void run(Runnable task) {
    if (stalled) {
      held.add(task);
    } else {
      task.run();
    }
  }

  @Override
  public String name() {
    return inner.name();
  }

  @Override
  public void execute(Runnable task) {
    inner.execute(() -> run(task));
  }

  @Override
  public Cancellable schedule(long delayNs, Runnable task) {
    return inner.schedule(delayNs, () -> run(task));
  }

  @Override
  public boolean inLoop() {
    return inner.inLoop();
  }

  @Override
  public void close() {
    inner.close();
  }
}
