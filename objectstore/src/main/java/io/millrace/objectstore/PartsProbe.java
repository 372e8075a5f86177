package io.millrace.objectstore;

import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.objectstore.ObjectStore.PartOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The race of {@link StoreProbe} for puts in parts, which large objects take: of two that are
 * completed at the same time one is stored. Stores that know the condition for single puts have
 * ignored it here.
 */
final class PartsProbe {
  static final int RACERS = 2;

  private final ObjectStore store;
  private final String key;
  private final List<MultipartPut> puts = new ArrayList<>();

  PartsProbe(ObjectStore store, String key) {
    this.store = store;
    this.key = key;
  }

  /** Once; the object of the winner stays, the other put is ended. */
  CompletableFuture<ProbeOutcome> run() {
    List<CompletableFuture<PartOutcome>> parts = new ArrayList<>();
    for (int racer = 0; racer < RACERS; racer++) {
      MultipartPut put = store.multipartPut(key);
      ByteBuffer body = StoreProbe.body(racer);
      puts.add(put);
      parts.add(
          put.begin()
              .thenCompose(begun ->
                  begun instanceof PartOutcome.Taken
                      ? put.append(body)
                      : CompletableFuture.completedFuture(begun)));
    }
    return all(parts)
        .thenCompose(taken -> {
          for (PartOutcome outcome : taken) {
            if (outcome instanceof PartOutcome.Unknown(String reason)) {
              return abortAll().thenApply(_ -> new ProbeOutcome.NoAnswer(reason));
            }
          }
          return all(puts.stream().map(MultipartPut::complete).toList()).thenCompose(this::judge);
        });
  }

  private CompletableFuture<ProbeOutcome> judge(List<PutOutcome> outcomes) {
    int winners = 0;
    String noAnswer = "";
    for (PutOutcome outcome : outcomes) {
      switch (outcome) {
        case PutOutcome.Stored() -> winners++;
        case PutOutcome.Exists() -> {}
        case PutOutcome.Unknown(String reason) -> noAnswer = reason;
      }
    }
    ProbeOutcome outcome;
    if (winners > 1 || (winners == 0 && noAnswer.isEmpty())) {
      outcome =
          new ProbeOutcome.Refused(
              "a put in parts is put-if-absent",
              "%d of %d racing puts in parts were stored".formatted(winners, RACERS));
    } else if (winners == 0) {
      outcome = new ProbeOutcome.NoAnswer(noAnswer);
    } else {
      outcome = new ProbeOutcome.Passed(); // "conflict, try again" is an answer to the other
    }
    return noAnswer.isEmpty()
        ? CompletableFuture.completedFuture(outcome)
        : abortAll().thenApply(_ -> outcome);
  }

  /** What cannot be aborted now is listed as unfinished. */
  private CompletableFuture<Void> abortAll() {
    return all(puts.stream().map(MultipartPut::abort).toList()).thenAccept(_ -> {});
  }

  private static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> calls) {
    return CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new))
        .thenApply(_ -> calls.stream().map(CompletableFuture::join).toList());
  }
}
