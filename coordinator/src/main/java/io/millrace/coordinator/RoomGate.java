package io.millrace.coordinator;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.log.PartitionLog;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets events of a shard that may write pass while its log takes records. An event changes the
 * shard before its records are appended, so one whose records find no room would cost the shard a
 * load of all it has. On the shard's loop.
 */
final class RoomGate {
  private static final Logger LOG = LoggerFactory.getLogger(RoomGate.class);
  private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Whoever waits for what is held back is told after so long; clients give up after more. */
  private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(2);

  private final EventLoop loop;
  private final Clock clock;
  private final PartitionLog log;
  private final LongConsumer onReopened;
  private final Runnable onShutForLong;
  private final ArrayDeque<Runnable> heldBack = new ArrayDeque<>();
  private boolean shut;
  private long shutAtNs;
  private boolean shutForLong;
  private boolean ended;

  /**
   * @param onReopened told for how many nanoseconds nothing has passed
   * @param onShutForLong told, once each time, that nothing has passed for longer than a request
   *     should wait
   */
  RoomGate(
      EventLoop loop,
      Clock clock,
      PartitionLog log,
      LongConsumer onReopened,
      Runnable onShutForLong) {
    this.loop = loop;
    this.clock = clock;
    this.log = log;
    this.onReopened = onReopened;
    this.onShutForLong = onShutForLong;
  }

  /** Whether an event may write now. */
  boolean isOpen() {
    if (!shut && !log.hasRoom()) {
      LOG.warn("The log of {} has no room; what would write there waits", log.id());
      shut = true;
      shutAtNs = clock.monotonicNs();
      shutForLong = false;
      retryLater();
    }
    return !shut;
  }

  /** Runs the event, now or, behind others that wait, when there is room. */
  void pass(Runnable event) {
    if (isOpen()) {
      event.run();
    } else {
      heldBack.add(event);
    }
  }

  private void retryLater() {
    var unused = loop.schedule(RETRY_NS, this::retry);
  }

  private void retry() {
    if (ended) {
      return;
    }
    long shutNs = clock.monotonicNs() - shutAtNs;
    if (!log.hasRoom()) {
      if (shutNs >= PATIENCE_NS && !shutForLong) {
        shutForLong = true;
        onShutForLong.run();
      }
      retryLater();
      return;
    }
    shut = false;
    onReopened.accept(shutNs);
    while (!heldBack.isEmpty() && isOpen()) {
      heldBack.poll().run();
    }
  }

  /** Nothing passes any more. */
  void end() {
    ended = true;
    shut = true;
    heldBack.clear();
  }
}
