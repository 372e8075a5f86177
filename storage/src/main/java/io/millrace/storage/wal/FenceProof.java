package io.millrace.storage.wal;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.storage.Backoff;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Proves that the incarnation had not been fenced at some time after a question (invariant I12): by
 * a get of {@code fence/<writer>}, issued after it, that finds nothing, or by a WAL number first
 * attempted after it that was stored in order. One get is in flight at a time; those who ask
 * meanwhile wait for the next. Owned by the WAL's loop, except {@link #ask}.
 */
final class FenceProof {
  private final ObjectStore store;
  private final WriterId writer;
  private final WalLoop loop;
  private final Supplier<Backoff> backoffs;
  private final LongSupplier nextSequence;
  private final Consumer<WalEndedException> onOver;
  private final ArrayDeque<Question> questions = new ArrayDeque<>();
  private @Nullable CompletableFuture<Void> arriving;
  private @Nullable WalEndedException ended;
  private boolean getInFlight;
  private Backoff backoff;

  /** Of all who asked between two WAL numbers and between two gets. */
  private static final class Question {
    /** The number that was to be attempted next: it or a later one proves it. */
    final long firstSequence;

    final CompletableFuture<Void> proven;
    boolean asked;

    Question(long firstSequence, CompletableFuture<Void> proven) {
      this.firstSequence = firstSequence;
      this.proven = proven;
    }
  }

  /**
   * @param nextSequence the lowest number that was never attempted
   * @param onOver told that {@code fence/<writer>} is there
   */
  FenceProof(
      ObjectStore store,
      WriterId writer,
      WalLoop loop,
      Supplier<Backoff> backoffs,
      LongSupplier nextSequence,
      Consumer<WalEndedException> onOver) {
    this.store = store;
    this.writer = writer;
    this.loop = loop;
    this.backoffs = backoffs;
    this.nextSequence = nextSequence;
    this.onOver = onOver;
    this.backoff = backoffs.get();
  }

  /** Any thread. */
  CompletableFuture<Void> ask() {
    CompletableFuture<Void> question;
    boolean first = false;
    synchronized (this) {
      if (ended != null) {
        return CompletableFuture.failedFuture(ended);
      }
      question = arriving;
      if (question == null) {
        question = new CompletableFuture<>();
        arriving = question;
        first = true;
      }
    }
    if (first) {
      loop.execute(this::onAsked);
    }
    return question.copy();
  }

  private synchronized @Nullable CompletableFuture<Void> takeArriving() {
    CompletableFuture<Void> question = arriving;
    arriving = null;
    return question;
  }

  private void onAsked() {
    CompletableFuture<Void> proven = takeArriving();
    if (proven == null) {
      return;
    }
    long next = nextSequence.getAsLong();
    Question last = questions.peekLast();
    if (last != null && !last.asked && last.firstSequence == next) {
      last.proven.whenComplete((_, error) -> settle(proven, error));
    } else {
      questions.addLast(new Question(next, proven));
    }
    if (!getInFlight) {
      get();
    }
  }

  /** Serves all who have asked by now, also when it is made again. */
  private void get() {
    getInFlight = true;
    questions.forEach(question -> question.asked = true);
    store
        .get(Keys.fence(writer), SealCodec.FENCE_BYTES)
        .whenComplete((outcome, error) -> loop.execute(() -> onAnswer(outcome, error)));
  }

  private void onAnswer(@Nullable GetOutcome outcome, @Nullable Throwable error) {
    switch (outcome) {
      case GetOutcome.Absent() -> {
        getInFlight = false;
        backoff = backoffs.get();
        Question first;
        while ((first = questions.peekFirst()) != null && first.asked) {
          questions.removeFirst();
          first.proven.complete(null);
        }
        getIfAsked();
      }
      case GetOutcome.Found _, GetOutcome.TooLarge _ ->
          onOver.accept(
              new WalFencedException(
                  "this incarnation was fenced: %s is there".formatted(Keys.fence(writer))));
      case GetOutcome.Unknown _ ->
          loop.schedule(
              backoff.nextNs(),
              () -> {
                getInFlight = false;
                getIfAsked();
              });
      case null -> throw new IllegalStateException("reading " + Keys.fence(writer), error);
    }
  }

  private void getIfAsked() {
    if (!questions.isEmpty()) {
      get();
    }
  }

  /** The number and all before it are stored. */
  void onStored(long sequence) {
    Question first;
    while ((first = questions.peekFirst()) != null && first.firstSequence <= sequence) {
      questions.removeFirst();
      first.proven.complete(null);
    }
  }

  /** Nothing is proven any more. */
  void end(WalEndedException cause) {
    CompletableFuture<Void> late;
    synchronized (this) {
      ended = cause;
      late = takeArriving();
    }
    if (late != null) {
      late.completeExceptionally(cause);
    }
    Question question;
    while ((question = questions.pollFirst()) != null) {
      question.proven.completeExceptionally(cause);
    }
  }

  private static void settle(CompletableFuture<Void> future, @Nullable Throwable error) {
    if (error == null) {
      future.complete(null);
    } else {
      future.completeExceptionally(error);
    }
  }
}
