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

  private final EventLoop loop;
  private final Clock clock;
  private final PartitionLog log;
  private final LongConsumer onStalled;
  private final ArrayDeque<Runnable> heldBack = new ArrayDeque<>();
  private boolean shut;
  private long shutAtNs;
  private boolean ended;

  /**
   * @param onStalled told for how many nanoseconds nothing has passed
   */
  RoomGate(EventLoop loop, Clock clock, PartitionLog log, LongConsumer onStalled) {
    this.loop = loop;
    this.clock = clock;
    this.log = log;
    this.onStalled = onStalled;
  }

  /** Whether an event may write now. */
  boolean isOpen() {
    if (!shut && !log.hasRoom()) {
      LOG.warn("The log of {} has no room; what would write there waits", log.id());
      shut = true;
      shutAtNs = clock.monotonicNs();
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
    if (!log.hasRoom()) {
      retryLater();
      return;
    }
    shut = false;
    onStalled.accept(clock.monotonicNs() - shutAtNs);
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
