package io.millrace.broker.network;

import io.millrace.runtime.Clock;
import java.net.SocketAddress;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts connections and why they ended; logs a reason at most once per interval. Safe for any
 * thread.
 */
public final class NetworkCounters {
  private static final Logger LOG = LoggerFactory.getLogger(NetworkCounters.class);
  private static final long LOG_INTERVAL_NS = TimeUnit.SECONDS.toNanos(10);

  private static final class Reason {
    private final LongAdder closed = new LongAdder();
    private final AtomicLong toldAtNs = new AtomicLong();
    private final LongAdder untold = new LongAdder();
  }

  private final Clock clock;
  private final Map<CloseReason, Reason> reasons = new EnumMap<>(CloseReason.class);
  private final AtomicInteger open = new AtomicInteger();
  private final LongAdder receivedBytes = new LongAdder();
  private final LongAdder sentBytes = new LongAdder();

  public NetworkCounters(Clock clock) {
    this.clock = clock;
    for (CloseReason reason : CloseReason.values()) {
      Reason counts = new Reason();
      counts.toldAtNs.set(clock.monotonicNs() - LOG_INTERVAL_NS);
      reasons.put(reason, counts);
    }
  }

  private Reason counts(CloseReason reason) {
    return Objects.requireNonNull(reasons.get(reason));
  }

  /** Connections open now. */
  public int open() {
    return open.get();
  }

  public long closed(CloseReason reason) {
    return counts(reason).closed.sum();
  }

  public long receivedBytes() {
    return receivedBytes.sum();
  }

  public long sentBytes() {
    return sentBytes.sum();
  }

  void onReceived(int bytes) {
    receivedBytes.add(bytes);
  }

  void onSent(int bytes) {
    sentBytes.add(bytes);
  }

  void onOpened() {
    open.incrementAndGet();
  }

  void onGone() {
    open.decrementAndGet();
  }

  void onClosed(CloseReason reason, @Nullable SocketAddress peer, String detail) {
    Reason r = counts(reason);
    r.closed.increment();
    if (!reason.told()) {
      return;
    }
    long nowNs = clock.monotonicNs();
    long toldAtNs = r.toldAtNs.get();
    if (nowNs - toldAtNs >= LOG_INTERVAL_NS && r.toldAtNs.compareAndSet(toldAtNs, nowNs)) {
      LOG.warn(
          "Connection closed peer={} reason={} detail={} untoldBefore={}",
          peer,
          reason.text(),
          detail,
          r.untold.sumThenReset());
    } else {
      r.untold.increment();
    }
  }
}
