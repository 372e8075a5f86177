package io.millrace.objectstore;

import io.millrace.runtime.Clock;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * Passes every call on and notes when the store answered. An answer is any outcome but Unknown;
 * Unknown says nothing, so one among many answers makes no gap. Any thread may ask. It makes no
 * calls of its own: the ages of an idle store grow unless somebody polls.
 */
public final class ObservedStore implements ObjectStore {
  private final ObjectStore store;
  private final Clock clock;
  private final long gapNs;
  private long lastAnswerNs;
  private long answeringSinceNs;
  private boolean answered;

  /**
   * @param gapNs answers further apart than this have a gap between them
   */
  public ObservedStore(ObjectStore store, Clock clock, long gapNs) {
    this.store = store;
    this.clock = clock;
    this.gapNs = gapNs;
    this.lastAnswerNs = clock.monotonicNs();
  }

  /** Since the last answer; since this object was made while there is none. */
  public synchronized long storeAgeNs() {
    return clock.monotonicNs() - lastAnswerNs;
  }

  /** How long the store has been answering without a gap; 0 while there is one. */
  public synchronized long answeringForNs() {
    long nowNs = clock.monotonicNs();
    return answered && nowNs - lastAnswerNs <= gapNs ? nowNs - answeringSinceNs : 0;
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    return observed(store.putIfAbsent(key, body), PutOutcome.Unknown.class);
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    return observed(store.get(key, bytesMax), GetOutcome.Unknown.class);
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    return observed(store.getRange(key, position, length), GetOutcome.Unknown.class);
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    return observed(store.head(key), HeadOutcome.Unknown.class);
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    return observed(store.list(prefix, after, keysMax), ListOutcome.Unknown.class);
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    return observed(store.delete(key), DeleteOutcome.Unknown.class);
  }

  @Override
  public MultipartPut multipartPut(String key) {
    return new ObservedPut(store.multipartPut(key));
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    return observed(store.unfinishedPuts(prefix), UnfinishedOutcome.Unknown.class);
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    return observed(store.abortUnfinished(put), DeleteOutcome.Unknown.class);
  }

  @Override
  public void close() {
    store.close();
  }

  private <T> CompletableFuture<T> observed(CompletableFuture<T> call, Class<?> unknown) {
    return call.thenApply(outcome -> {
      if (!unknown.isInstance(outcome)) {
        noteAnswer();
      }
      return outcome;
    });
  }

  private synchronized void noteAnswer() {
    long nowNs = clock.monotonicNs();
    if (!answered || nowNs - lastAnswerNs > gapNs) {
      answeringSinceNs = nowNs;
    }
    answered = true;
    lastAnswerNs = nowNs;
  }

  /** Parts are calls of the store too. */
  private final class ObservedPut implements MultipartPut {
    private final MultipartPut put;

    ObservedPut(MultipartPut put) {
      this.put = put;
    }

    @Override
    public CompletableFuture<PartOutcome> begin() {
      return observed(put.begin(), PartOutcome.Unknown.class);
    }

    @Override
    public CompletableFuture<PartOutcome> append(ByteBuffer part) {
      return observed(put.append(part), PartOutcome.Unknown.class);
    }

    @Override
    public CompletableFuture<PutOutcome> complete() {
      return observed(put.complete(), PutOutcome.Unknown.class);
    }

    @Override
    public CompletableFuture<DeleteOutcome> abort() {
      return observed(put.abort(), DeleteOutcome.Unknown.class);
    }
  }
}
