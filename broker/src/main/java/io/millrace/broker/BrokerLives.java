package io.millrace.broker;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.Dispatcher;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lives of one broker process, one after another: a life that was taken from it (fenced,
 * sealed) is let go of entirely, and after a hold-off the next begins. The first must come about,
 * later ones are tried for ever, unless the cause is one that ends the process. Knows nothing of
 * sockets. Any thread may call; everything else happens on its loop.
 */
public final class BrokerLives implements PeerService {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerLives.class);

  private final EventLoop loop;
  private final Clock clock;
  private final Supplier<? extends Life> births;
  private final Doors doors;
  private final Predicate<Throwable> endsProcess;
  private final HoldOff holdOff = new HoldOff();
  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private volatile @Nullable Life present;
  private CompletableFuture<?> lastOnesEnd = CompletableFuture.completedFuture(null);
  private long bornAtNs;
  private boolean stopping;

  /** Where clients come in. Any thread may call, in any order. */
  public interface Doors {
    /** Lets clients in. */
    void open(Dispatcher dispatcher);

    /**
     * Closes what clients are connected to and lets none in. On return nothing that becomes known
     * from then on is answered to them: a broker that was fenced does not know what became of their
     * requests (invariant I4).
     */
    void close();
  }

  /**
   * @param births makes the next life, not started
   * @param endsProcess whether there is to be no other life after this cause
   */
  public BrokerLives(
      EventLoop loop,
      Clock clock,
      Supplier<? extends Life> births,
      Doors doors,
      Predicate<Throwable> endsProcess) {
    this.loop = loop;
    this.clock = clock;
    this.births = births;
    this.doors = doors;
    this.endsProcess = endsProcess;
  }

  /** Completes when the first life lets clients in; fails as its start does. */
  public CompletableFuture<Void> start() {
    loop.execute(this::begin);
    return started;
  }

  private void begin() {
    if (stopping) {
      return;
    }
    bornAtNs = clock.monotonicNs();
    Life life;
    try {
      life = births.get();
    } catch (RuntimeException | OutOfMemoryError stillborn) { // no thread is to be had, say
      end(null, stillborn);
      return;
    }
    present = life;
    var unused = life.failure().thenAccept(cause -> onFailure(life, cause));
    life.start().whenComplete((_, cause) -> loop.execute(() -> onStarted(life, cause)));
  }

  private void onStarted(Life life, @Nullable Throwable cause) {
    if (!life.equals(present) || stopping || life.failure().isDone()) {
      return;
    }
    if (cause != null) {
      end(life, cause);
      return;
    }
    doors.open(life.dispatcher());
    if (!started.complete(null)) {
      LOG.info("A new incarnation of the broker serves clients");
    }
  }

  /** On the thread that ended the life, before it tells anyone else. */
  private void onFailure(Life life, Throwable cause) {
    doors.close();
    loop.execute(() -> end(life, cause));
  }

  /**
   * @param life null if it has not come to be
   */
  private void end(@Nullable Life life, Throwable cause) {
    if (!Objects.equals(life, present) || stopping) {
      return;
    }
    doors.close(); // it may have been opened while the failure was on its way
    if (endsProcess.test(cause)) {
      started.completeExceptionally(cause);
      failure.complete(cause);
      return;
    }
    present = null;
    CompletableFuture<?> gone = life == null ? lastOnesEnd : life.stop();
    lastOnesEnd = gone;
    // a start that was fenced under way, by others who found it too slow, is no reason to give up
    if (!wasFenced(cause) && started.completeExceptionally(cause)) {
      return;
    }
    long livedNs = clock.monotonicNs() - bornAtNs;
    gone.whenComplete((_, notReleased) -> loop.execute(() -> rest(livedNs, cause)));
  }

  private void rest(long livedNs, Throwable cause) {
    if (stopping || started.isCompletedExceptionally()) {
      return;
    }
    long waitNs = holdOff.afterLifeOf(livedNs);
    LOG.warn(
        "The broker's incarnation is over after {} ms; the next begins in {} ms",
        TimeUnit.NANOSECONDS.toMillis(livedNs),
        TimeUnit.NANOSECONDS.toMillis(waitNs),
        wasFenced(cause) ? null : cause); // other brokers' doing: where it was noticed says nothing
    var unused = loop.schedule(waitNs, this::begin);
  }

  private static boolean wasFenced(Throwable cause) {
    return ApiErrors.unwrap(cause) instanceof IncarnationEndedException;
  }

  /** Completes with what ended the process's last life; never after {@link #stop}. */
  public CompletableFuture<Throwable> failure() {
    return failure;
  }

  @Override
  public CompletableFuture<PeerReply> answer(PeerRequest request) {
    Life life = present;
    return life == null
        ? CompletableFuture.completedFuture(
            new PeerReply.Declined("no incarnation of the broker runs here now"))
        : life.peers().answer(request);
  }

  /** Ends the present life in good order; no other begins. Idempotent. */
  public CompletableFuture<Void> stop() {
    loop.execute(() -> {
      if (stopping) {
        return;
      }
      stopping = true;
      started.completeExceptionally(new IllegalStateException("the broker was stopped"));
      Life life = present;
      CompletableFuture<?> gone =
          life == null ? lastOnesEnd : CompletableFuture.allOf(lastOnesEnd, life.stop());
      gone.whenComplete((_, notReleased) -> {
        if (notReleased == null) {
          stopped.complete(null);
        } else {
          stopped.completeExceptionally(notReleased);
        }
      });
    });
    return stopped;
  }
}
