package io.millrace.storage.cluster;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.recovery.WalCorruptException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that every fenced incarnation is recovered by somebody: the lowest live broker begins
 * at once, the next ones only if it is not done after a while. Any number of brokers may do it at
 * the same time; that is the takeover's matter. Owned by the cluster loop.
 */
final class TakeoverWatch {
  private static final Logger LOG = LoggerFactory.getLogger(TakeoverWatch.class);

  /** By this much each live broker leaves the takeover to those with lower ids. */
  static final long STAGGER_NS = TimeUnit.SECONDS.toNanos(1);

  static final int RUNNING_MAX = 4;
  private static final long BACKOFF_MIN_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long BACKOFF_MAX_NS = TimeUnit.SECONDS.toNanos(30);

  /** Damage does not go away by itself, but somebody may put the right bytes there. */
  private static final long CORRUPT_BACKOFF_NS = TimeUnit.MINUTES.toNanos(1);

  private final WriterId own;
  private final Clock clock;
  private final EventLoop loop;
  private final Function<WriterId, CompletableFuture<Void>> takeover;
  private final Map<WriterId, Ended> fenced = new HashMap<>();
  private MetadataImage image = MetadataImage.EMPTY;
  private int running;
  private EventLoop.@Nullable Cancellable wakeUp;
  private boolean closed;

  /** {@code takeover} repeats nothing by itself; what it throws is what its future fails with. */
  TakeoverWatch(
      WriterId own,
      Clock clock,
      EventLoop loop,
      Function<WriterId, CompletableFuture<Void>> takeover) {
    this.own = own;
    this.clock = clock;
    this.loop = loop;
    this.takeover = takeover;
  }

  /** One fenced incarnation. */
  private static final class Ended {
    final long seenNs;
    long notBeforeNs;
    long backoffNs = BACKOFF_MIN_NS;
    boolean running;
    String damage = "";

    Ended(long nowNs) {
      this.seenNs = nowNs;
      this.notBeforeNs = nowNs;
    }
  }

  void onImage(MetadataImage image) {
    this.image = image;
    next();
  }

  void close() {
    closed = true;
    if (wakeUp != null) {
      wakeUp.cancel();
    }
  }

  private void next() {
    if (wakeUp != null) {
      wakeUp.cancel();
      wakeUp = null;
    }
    fenced.keySet().removeIf(writer -> !isFenced(writer));
    if (closed || !image.isRegistered(own)) {
      return;
    }
    long nowNs = clock.monotonicNs();
    long staggerNs = rank() * STAGGER_NS;
    long wakeUpNs = Long.MAX_VALUE;
    for (Incarnation incarnation : oldestFirst()) {
      Ended ended = fenced.computeIfAbsent(incarnation.writer(), _ -> new Ended(nowNs));
      long startNs = Math.max(ended.seenNs + staggerNs, ended.notBeforeNs);
      if (ended.running || running == RUNNING_MAX) {
        continue; // its end comes here again
      }
      if (startNs <= nowNs) {
        run(incarnation, ended);
      } else {
        wakeUpNs = Math.min(wakeUpNs, startNs);
      }
    }
    if (wakeUpNs < Long.MAX_VALUE) {
      wakeUp = loop.schedule(wakeUpNs - nowNs, this::next);
    }
  }

  private boolean isFenced(WriterId writer) {
    Incarnation found = image.incarnations().get(writer);
    return found != null && found.state() == IncarnationState.FENCED;
  }

  private List<Incarnation> oldestFirst() {
    return image.incarnations().values().stream()
        .filter(i -> i.state() == IncarnationState.FENCED)
        .sorted(Comparator.comparingLong(Incarnation::brokerEpoch))
        .toList();
  }

  private long rank() {
    return image.brokers().values().stream().takeWhile(writer -> !writer.equals(own)).count();
  }

  private void run(Incarnation incarnation, Ended ended) {
    ended.running = true;
    running++;
    var _ =
        takeover
            .apply(incarnation.writer())
            .whenCompleteAsync(
                (_, failure) -> {
                  running--;
                  ended.running = false;
                  onEnd(incarnation, ended, failure);
                  next();
                },
                loop);
  }

  private void onEnd(Incarnation incarnation, Ended ended, @Nullable Throwable failure) {
    Throwable cause = failure == null ? null : FailureCause.of(failure);
    long backoffNs = ended.backoffNs;
    ended.backoffNs = Math.min(2 * backoffNs, BACKOFF_MAX_NS);
    if (cause instanceof WalCorruptException damage) {
      backoffNs = CORRUPT_BACKOFF_NS;
      String message = String.valueOf(damage.getMessage());
      if (!message.equals(ended.damage)) {
        ended.damage = message;
        LOG.error(
            "The log of broker {} (incarnation {}) is damaged, its partitions stay without a leader: {}",
            incarnation.nodeId(),
            incarnation.writer(),
            message);
      }
    } else if (cause != null && !closed && isFenced(incarnation.writer())) {
      LOG.warn(
          "Taking over broker {} (incarnation {}) failed, next attempt in {} ms: {}",
          incarnation.nodeId(),
          incarnation.writer(),
          TimeUnit.NANOSECONDS.toMillis(backoffNs),
          cause.toString());
    }
    ended.notBeforeNs = clock.monotonicNs() + backoffNs;
  }
}
