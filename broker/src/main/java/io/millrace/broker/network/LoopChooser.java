package io.millrace.broker.network;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorChooserFactory;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Spreads connections over the first so many loops of a group, in turn. The number may change;
 * connections stay where they are, and a loop without any has no thread.
 */
final class LoopChooser implements EventExecutorChooserFactory {
  private volatile int inUse;

  LoopChooser(int inUse) {
    this.inUse = inUse;
  }

  /**
   * @param loops at least one; more than the group has is all of them
   */
  void use(int loops) {
    inUse = loops;
  }

  @Override
  public EventExecutorChooser newChooser(EventExecutor[] executors) {
    AtomicLong turn = new AtomicLong();
    return () -> executors[(int) (turn.getAndIncrement() % Math.min(inUse, executors.length))];
  }
}
