package io.millrace.storage.wal;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop.Cancellable;
import io.millrace.runtime.Randomness;
import io.millrace.storage.Backoff;
import io.millrace.storage.StoreCalls;
import io.millrace.storage.WriterId;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Entries on their way to the store: several at a time, reported strictly in order. A number is put
 * with the same bytes until it is known that they stand under its key (invariant I5); a slow put is
 * made once more beside the first. Anything else under the key ends the WAL. Owned by its loop.
 */
final class EntryPuts {
  /** Calls without an answer yet, those of stored entries included, beyond which none is added. */
  private static final int CALLS_MAX = 8 * ObjectWal.PUTS_IN_FLIGHT_MAX;

  private final WriterId writer;
  private final ObjectStore store;
  private final StoreCalls calls;
  private final WalLoop loop;
  private final Clock clock;
  private final Randomness randomness;
  private final long hedgeDelayNs;
  private final WalCounters counters;
  private final Listener listener;

  /** From the first entry not known stored; each later one was begun after it. */
  private final ArrayDeque<Put> inFlight = new ArrayDeque<>();

  private int unanswered;

  /** Told on the loop. */
  interface Listener {
    /** In order of sequence numbers: it and all before it are stored. */
    void onStored(ObjectEntry entry);

    /** Something was answered; another entry may begin now. */
    void onAnswered();

    /** The log of this incarnation cannot go on. */
    void onOver(WalEndedException cause);
  }

  EntryPuts(
      WriterId writer,
      ObjectStore store,
      StoreCalls calls,
      WalLoop loop,
      Clock clock,
      Randomness randomness,
      long hedgeDelayNs,
      WalCounters counters,
      Listener listener) {
    this.writer = writer;
    this.store = store;
    this.calls = calls;
    this.loop = loop;
    this.clock = clock;
    this.randomness = randomness;
    this.hedgeDelayNs = hedgeDelayNs;
    this.counters = counters;
    this.listener = listener;
  }

  /** One entry and what is known of its fate. */
  private static final class Put {
    final ObjectEntry entry;
    final long begunNs;
    final Backoff backoff;
    int unanswered;
    boolean taken;
    boolean stored;
    @Nullable Cancellable timer;

    Put(ObjectEntry entry, long begunNs, Backoff backoff) {
      this.entry = entry;
      this.begunNs = begunNs;
      this.backoff = backoff;
    }
  }

  boolean isEmpty() {
    return inFlight.isEmpty();
  }

  /**
   * Whether one more entry may be begun. Numbers from the first that is not stored span at most
   * {@link ObjectWal#PUTS_IN_FLIGHT_MAX}, which whoever seals relies on.
   */
  boolean mayBegin() {
    return inFlight.size() < ObjectWal.PUTS_IN_FLIGHT_MAX && unanswered < CALLS_MAX;
  }

  /** Takes the entry over, until it is reported or {@link #release}. */
  void begin(ObjectEntry entry) {
    Put put = new Put(entry, clock.monotonicNs(), new Backoff(randomness));
    inFlight.addLast(put);
    attempt(put);
  }

  private void attempt(Put put) {
    put.unanswered++;
    unanswered++;
    ObjectEntry entry = put.entry;
    // A call may outlive the entry's fate, and the WAL itself: it reads the memory until the end.
    entry.held().hold();
    store
        .putIfAbsent(entry.key(), entry.bytes())
        .whenComplete((outcome, error) -> {
          entry.held().release();
          loop.execute(() -> onAnswer(put, outcome, error));
        });
    plan(put);
  }

  /** What is done if no answer comes first: a hedge beside one call, a new try if there is none. */
  private void plan(Put put) {
    cancel(put);
    if (put.stored || put.taken || put.unanswered > 1) {
      return;
    }
    long delayNs = put.unanswered == 0 ? put.backoff.nextNs() : hedgeDelayNs;
    put.timer = loop.schedule(delayNs, () -> onTimer(put));
  }

  private void onTimer(Put put) {
    put.timer = null;
    if (put.unanswered > 0 && unanswered >= CALLS_MAX) {
      plan(put);
    } else {
      attempt(put);
    }
  }

  private void onAnswer(Put put, @Nullable PutOutcome outcome, @Nullable Throwable error) {
    put.unanswered--;
    unanswered--;
    if (!put.stored && !put.taken) {
      switch (outcome) {
        case PutOutcome.Stored _ -> onStored(put);
        case PutOutcome.Exists _ -> compare(put);
        case PutOutcome.Unknown _ -> plan(put);
        case null -> throw new IllegalStateException("the put of " + put.entry.key(), error);
      }
    }
    listener.onAnswered();
  }

  private void onStored(Put put) {
    put.stored = true;
    cancel(put);
    counters.onSync(clock.monotonicNs() - put.begunNs);
    Put first;
    while ((first = inFlight.peekFirst()) != null && first.stored) {
      inFlight.removeFirst();
      listener.onStored(first.entry);
    }
  }

  /** The key is taken: by these bytes, by a seal, or by what must not be there. */
  private void compare(Put put) {
    put.taken = true;
    cancel(put);
    int bytes = Math.toIntExact(put.entry.object().sizeBytes());
    calls
        .get(put.entry.key(), bytes)
        .whenComplete((outcome, error) -> loop.run(() -> onFound(put, outcome, error)));
  }

  private void onFound(Put put, @Nullable GetOutcome outcome, @Nullable Throwable error) {
    String key = put.entry.key();
    switch (outcome) {
      case GetOutcome.Found(var body) when body.equals(put.entry.bytes()) -> {
        onStored(put);
        listener.onAnswered();
      }
      case GetOutcome.Found(var body) when SealCodec.isSeal(body, writer, put.entry.sequence()) ->
          listener.onOver(
              new WalFencedException("this incarnation was fenced: %s is a seal".formatted(key)));
      case GetOutcome.Absent() ->
          listener.onOver(
              new WalFencedException(
                  "this incarnation was fenced and recovered: %s was collected".formatted(key)));
      case GetOutcome.Found _, GetOutcome.TooLarge _ ->
          listener.onOver(
              new WalEndedException(
                  "%s holds what this incarnation never wrote".formatted(key), null));
      case GetOutcome.Unknown unknown -> throw new IllegalStateException("no answer: " + unknown);
      case null -> throw new IllegalStateException("reading " + key, error);
    }
  }

  private static void cancel(Put put) {
    Cancellable timer = put.timer;
    put.timer = null;
    if (timer != null) {
      timer.cancel();
    }
  }

  /** At the end: gives up what is in flight. */
  void release() {
    Put put;
    while ((put = inFlight.pollFirst()) != null) {
      cancel(put);
      put.entry.held().release();
    }
  }
}
