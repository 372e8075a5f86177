package io.millrace.objectstore;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.Randomness;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Finds out at start whether a store keeps what everything rests on: of racing puts of one key
 * exactly one is stored, and what was stored is read and listed at once. A store that fails a check
 * must not be used.
 */
public final class StoreProbe {
  /** Racing puts for a store behind a network. */
  public static final int RACERS_SHARED = 32;

  /** Racing puts for a directory, where each costs a sync. */
  public static final int RACERS_LOCAL = 4;

  private static final String FOLDER = "probe/";

  private final ObjectStore store;
  private final String key;
  private final int racers;

  public StoreProbe(ObjectStore store, Randomness randomness, int racers) {
    if (racers < 2) {
      throw new IllegalArgumentException("a race needs two: " + racers);
    }
    this.store = store;
    this.racers = racers;
    this.key = FOLDER + "%016x%016x".formatted(randomness.nextLong(), randomness.nextLong());
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

  /** Runs all checks and deletes what they put. */
  public CompletableFuture<ProbeOutcome> run() {
    return checkAbsent("a key never put is absent")
        .thenCompose(outcome -> next(outcome, this::race))
        .thenCompose(outcome -> next(outcome, this::checkListed))
        .thenCompose(outcome -> store.delete(key).thenApply(deleted -> outcome(outcome, deleted)))
        .thenCompose(outcome -> next(outcome, () -> checkAbsent("a deleted object is absent")));
  }

  private static CompletableFuture<ProbeOutcome> next(
      ProbeOutcome outcome, Supplier<CompletableFuture<ProbeOutcome>> check) {
    return switch (outcome) {
      case ProbeOutcome.Passed passed -> check.get();
      case ProbeOutcome.Refused refused -> CompletableFuture.completedFuture(refused);
      case ProbeOutcome.NoAnswer noAnswer -> CompletableFuture.completedFuture(noAnswer);
    };
  }

  private static ProbeOutcome outcome(ProbeOutcome before, DeleteOutcome deleted) {
    return switch (deleted) {
      case DeleteOutcome.Deleted done -> before;
      case DeleteOutcome.Unknown unknown ->
          before instanceof ProbeOutcome.Passed
              ? new ProbeOutcome.NoAnswer(unknown.reason())
              : before;
    };
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
        .thenCompose(all -> {
          List<Integer> winners = new ArrayList<>();
          for (int racer = 0; racer < racers; racer++) {
            switch (puts.get(racer).join()) {
              case PutOutcome.Stored stored -> winners.add(racer);
              case PutOutcome.Exists exists -> {}
              case PutOutcome.Unknown unknown -> {
                return CompletableFuture.completedFuture(
                    new ProbeOutcome.NoAnswer(unknown.reason()));
              }
            }
          }
          return winners.size() == 1
              ? checkRead(winners.getFirst())
              : CompletableFuture.completedFuture(
                  new ProbeOutcome.Refused(
                      "put-if-absent is atomic",
                      winners.size() + " of " + racers + " racing puts were stored"));
        });
  }

  private CompletableFuture<ProbeOutcome> checkRead(int winner) {
    String check = "an object is read as it was stored";
    return store
        .get(key, Long.BYTES)
        .thenApply(read ->
            switch (read) {
              case GetOutcome.Found found ->
                  found.body().equals(body(winner))
                      ? new ProbeOutcome.Passed()
                      : new ProbeOutcome.Refused(check, "other bytes");
              case GetOutcome.Absent absent -> new ProbeOutcome.Refused(check, "nothing");
              case GetOutcome.TooLarge large ->
                  new ProbeOutcome.Refused(check, large.bytes() + " bytes");
              case GetOutcome.Unknown unknown -> new ProbeOutcome.NoAnswer(unknown.reason());
            });
  }

  private CompletableFuture<ProbeOutcome> checkListed() {
    return store
        .list(key, "", 2)
        .thenApply(list ->
            switch (list) {
              case ListOutcome.Keys keys ->
                  keys.keys().equals(List.of(key))
                      ? new ProbeOutcome.Passed()
                      : new ProbeOutcome.Refused(
                          "a stored object is listed at once", keys.keys().toString());
              case ListOutcome.Unknown unknown -> new ProbeOutcome.NoAnswer(unknown.reason());
            });
  }

  private static ByteBuffer body(int racer) {
    return ByteBuffer.allocate(Long.BYTES).putLong(0, racer);
  }
}
