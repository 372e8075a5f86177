package io.millrace.broker.network;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Bytes received and not yet answered, over all connections. While it is used up nobody reads,
 * except one connection at a time that finishes the frame it has begun: otherwise unfinished frames
 * alone could use it up for ever. Safe for any thread.
 */
final class RequestBudget {
  private final long bytesMax;
  private final AtomicLong used = new AtomicLong();
  private final AtomicReference<@Nullable Object> finisher = new AtomicReference<>();
  private final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>();

  RequestBudget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  long used() {
    return used.get();
  }

  void take(long bytes) {
    used.addAndGet(bytes);
  }

  void giveBack(long bytes) {
    long before = used.getAndAdd(-bytes);
    if (before < bytes) {
      throw new IllegalStateException("gave back " + bytes + " of " + before + " bytes");
    }
    if (before >= bytesMax && before - bytes < bytesMax) {
      wake();
    }
  }

  /** Whether a connection may read on; {@code unfinished} if it holds the beginning of a frame. */
  boolean mayRead(Object connection, boolean unfinished) {
    return used.get() < bytesMax || (unfinished && finishes(connection));
  }

  private boolean finishes(Object connection) {
    return connection.equals(finisher.get()) || finisher.compareAndSet(null, connection);
  }

  /** The connection has finished its frame, or is closed. */
  void onFinished(Object connection) {
    if (connection.equals(finisher.get())) {
      finisher.set(null);
      wake();
    }
  }

  /**
   * Runs {@code wake} when reading may be possible again, perhaps at once; the callee asks {@link
   * #mayRead} again.
   */
  void await(Runnable wake) {
    waiting.add(wake);
    if (used.get() < bytesMax) {
      wake();
    }
  }

  private void wake() {
    // Whoever must wait again joins behind those that wait now.
    for (int i = waiting.size(); i > 0; i--) {
      Runnable next = waiting.poll();
      if (next == null) {
        return;
      }
      next.run();
    }
  }
}
