package io.millrace.objectstore;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.Clock;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Finds out at start whether a store keeps what everything rests on: of racing puts of one key
 * exactly one is stored, in one piece and in parts, and what was stored is read and listed at once.
 * A store that fails a check must not be used. A call without answer may leave an object behind,
 * which is for a collector to delete.
 */
public final class StoreProbe {
  /** Racing puts for a store behind a network. */
  public static final int RACERS_SHARED = 32;

  /** Racing puts for a directory, where each costs a sync. */
  public static final int RACERS_LOCAL = 4;

  /** Whoever collects what probes have left lets them alone for longer than this. */
  public static final long UNDISTURBED_NS = TimeUnit.MINUTES.toNanos(30);

  private final ObjectStore store;
  private final Clock clock;
  private final String key;
  private final String keyInParts;
  private final int racers;

  /** Why puts may happen yet; "" if none may. */
  private volatile String unsettled = "";

  /**
   * @param key nothing was ever put under it, nor under {@code keyInParts}
   */
  public StoreProbe(ObjectStore store, Clock clock, String key, String keyInParts, int racers) {
    if (racers < 2) {
      throw new IllegalArgumentException("a race needs two: " + racers);
    }
    this.store = store;
    this.clock = clock;
    this.key = key;
    this.keyInParts = keyInParts;
    this.racers = racers;
  }

  /** What came of it. */
  public sealed interface ProbeOutcome {
    /** Every check held. */
    record Passed() implements ProbeOutcome {}

    /** The store answered, and wrongly. */
    record Refused(String check, String found) implements ProbeOutcome {}

    /** The store did not answer; try again. */
    record NoAnswer(String reason) implements ProbeOutcome {}
  }

  /** Runs all checks, once, and deletes what they put. */
  public CompletableFuture<ProbeOutcome> run() {
    long startNs = clock.monotonicNs();
    return runAll().thenApply(outcome -> believed(outcome, clock.monotonicNs() - startNs));
  }

  /** A process may be stopped within its probe, and find no more what it had put. */
  private static ProbeOutcome believed(ProbeOutcome outcome, long tookNs) {
    return outcome instanceof ProbeOutcome.Refused && tookNs > UNDISTURBED_NS
        ? new ProbeOutcome.NoAnswer(
            "the probe took so long that its objects may have been collected")
        : outcome;
  }

  private CompletableFuture<ProbeOutcome> runAll() {
    return checkAbsent("a key never put is absent")
        .thenCompose(outcome -> next(outcome, this::race))
        .thenCompose(outcome -> next(outcome, this::checkListed))
        .thenCompose(this::delete)
        .thenCompose(outcome -> next(outcome, this::checkGone))
        .thenCompose(this::deleteLatePuts)
        .thenCompose(outcome -> next(outcome, this::raceInParts));
  }

  private CompletableFuture<ProbeOutcome> raceInParts() {
    return new PartsProbe(store, keyInParts)
        .run()
        .thenCompose(outcome -> store.delete(keyInParts).thenApply(_ -> outcome));
  }

  private static CompletableFuture<ProbeOutcome> next(
      ProbeOutcome outcome, Supplier<CompletableFuture<ProbeOutcome>> check) {
    return switch (outcome) {
      case ProbeOutcome.Passed passed -> check.get();
      case ProbeOutcome.Refused refused -> CompletableFuture.completedFuture(refused);
      case ProbeOutcome.NoAnswer noAnswer -> CompletableFuture.completedFuture(noAnswer);
    };
  }

  private CompletableFuture<ProbeOutcome> delete(ProbeOutcome before) {
    return store
        .delete(key)
        .thenApply(deleted ->
            switch (deleted) {
              case DeleteOutcome.Deleted _ -> before;
              case DeleteOutcome.Unknown(String reason) ->
                  before instanceof ProbeOutcome.Passed
                      ? new ProbeOutcome.NoAnswer(reason)
                      : before;
            });
  }

  private CompletableFuture<ProbeOutcome> deleteLatePuts(ProbeOutcome outcome) {
    return unsettled.isEmpty()
        ? CompletableFuture.completedFuture(outcome)
        : store.delete(key).thenApply(_ -> outcome);
  }

  /** What is found may be of a put without an answer, which says nothing about the store. */
  private CompletableFuture<ProbeOutcome> checkGone() {
    return checkAbsent("a deleted object is absent")
        .thenCompose(outcome -> next(outcome, this::checkNotListed))
        .thenApply(outcome ->
            outcome instanceof ProbeOutcome.Refused && !unsettled.isEmpty()
                ? new ProbeOutcome.NoAnswer(unsettled)
                : outcome);
  }

  private CompletableFuture<ProbeOutcome> checkAbsent(String check) {
    return store
        .head(key)
        .thenApply(head ->
            switch (head) {
              case HeadOutcome.Absent absent -> new ProbeOutcome.Passed();
              case HeadOutcome.Found found ->
                  new ProbeOutcome.Refused(check, "found " + found.bytes() + " bytes");
              case HeadOutcome.Unknown unknown -> new ProbeOutcome.NoAnswer(unknown.reason());
            });
  }

  private CompletableFuture<ProbeOutcome> race() {
    List<CompletableFuture<PutOutcome>> puts = new ArrayList<>();
    for (int racer = 0; racer < racers; racer++) {
      puts.add(store.putIfAbsent(key, body(racer)));
    }
    return CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new))
        .thenCompose(all -> judge(puts.stream().map(CompletableFuture::join).toList()));
  }

  private CompletableFuture<ProbeOutcome> judge(List<PutOutcome> outcomes) {
    Set<Integer> winners = new TreeSet<>();
    Set<Integer> unanswered = new TreeSet<>();
    for (int racer = 0; racer < outcomes.size(); racer++) {
      switch (outcomes.get(racer)) {
        case PutOutcome.Stored() -> winners.add(racer);
        case PutOutcome.Exists() -> {}
        case PutOutcome.Unknown unknown -> {
          unanswered.add(racer);
          unsettled = unknown.reason();
        }
      }
    }
    if (winners.size() > 1 || (winners.isEmpty() && unanswered.isEmpty())) {
      return CompletableFuture.completedFuture(
          new ProbeOutcome.Refused(
              "put-if-absent is atomic",
              winners.size() + " of " + racers + " racing puts were stored"));
    }
    // A store may well answer "conflict, try again" to many of the racers; the winner may be one
    // whose answer was lost.
    Set<Integer> mayHaveWon = winners.isEmpty() ? unanswered : winners;
    return checkRead(mayHaveWon, winners.isEmpty() ? unsettled : "")
        .thenCompose(outcome -> next(outcome, this::putAgain))
        .thenCompose(outcome -> next(outcome, () -> checkRead(mayHaveWon, "")));
  }

  private CompletableFuture<ProbeOutcome> putAgain() {
    return store
        .putIfAbsent(key, body(racers))
        .thenApply(put ->
            switch (put) {
              case PutOutcome.Exists() -> new ProbeOutcome.Passed();
              case PutOutcome.Stored() ->
                  new ProbeOutcome.Refused("a key is put once", "a second put was stored");
              case PutOutcome.Unknown(String reason) -> {
                unsettled = reason;
                yield new ProbeOutcome.NoAnswer(reason);
              }
            });
  }

  /**
   * @param excuse why nothing may be there to read; "" if something must be
   */
  private CompletableFuture<ProbeOutcome> checkRead(Set<Integer> mayHaveWon, String excuse) {
    String check = "an object is read as it was stored";
    return store
        .get(key, Long.BYTES)
        .thenApply(read ->
            switch (read) {
              case GetOutcome.Found found ->
                  mayHaveWon.stream().anyMatch(racer -> found.body().equals(body(racer)))
                      ? new ProbeOutcome.Passed()
                      : new ProbeOutcome.Refused(check, "other bytes");
              case GetOutcome.Absent _ ->
                  excuse.isEmpty()
                      ? new ProbeOutcome.Refused(check, "nothing")
                      : new ProbeOutcome.NoAnswer(excuse);
              case GetOutcome.TooLarge large ->
                  new ProbeOutcome.Refused(check, large.bytes() + " bytes");
              case GetOutcome.Unknown unknown -> new ProbeOutcome.NoAnswer(unknown.reason());
            });
  }

  private CompletableFuture<ProbeOutcome> checkListed() {
    return checkList("a stored object is listed at once", List.of(key));
  }

  private CompletableFuture<ProbeOutcome> checkNotListed() {
    return checkList("a deleted object is listed no more", List.of());
  }

  private CompletableFuture<ProbeOutcome> checkList(String check, List<String> expected) {
    return store
        .list(key, "", 2)
        .thenApply(list ->
            switch (list) {
              case ListOutcome.Keys keys ->
                  keys.keys().equals(expected)
                      ? new ProbeOutcome.Passed()
                      : new ProbeOutcome.Refused(check, "listed are " + keys.keys());
              case ListOutcome.Unknown unknown -> new ProbeOutcome.NoAnswer(unknown.reason());
            });
  }

  static ByteBuffer body(int racer) {
    return ByteBuffer.allocate(Long.BYTES).putLong(0, racer);
  }
}
