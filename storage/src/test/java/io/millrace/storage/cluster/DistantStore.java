package io.millrace.storage.cluster;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.EventLoop;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** One broker's way to a store they share: calls take time, and while it is cut none succeeds. */
public final class DistantStore implements ObjectStore {
  private static final long DELAY_NS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(1);

  public boolean cut;
  private final ObjectStore store;
  private final EventLoop network;

  public DistantStore(ObjectStore store, EventLoop network) {
    this.store = store;
    this.network = network;
  }

  private <T> CompletableFuture<T> call(Supplier<CompletableFuture<T>> call, T unknown) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    if (cut) {
      network.schedule(TIMEOUT_NS, () -> outcome.complete(unknown));
    } else {
      network.schedule(DELAY_NS, () -> call.get().thenAccept(outcome::complete));
    }
    return outcome;
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    return call(() -> store.putIfAbsent(key, body), new PutOutcome.Unknown("cut"));
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    return call(() -> store.get(key, bytesMax), new GetOutcome.Unknown("cut"));
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    return call(() -> store.getRange(key, position, length), new GetOutcome.Unknown("cut"));
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    return call(() -> store.head(key), new HeadOutcome.Unknown("cut"));
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    return call(() -> store.list(prefix, after, keysMax), new ListOutcome.Unknown("cut"));
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    return call(() -> store.delete(key), new DeleteOutcome.Unknown("cut"));
  }

  @Override
  public MultipartPut multipartPut(String key) {
    return store.multipartPut(key);
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    return store.unfinishedPuts(prefix);
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    return store.abortUnfinished(put);
  }

  @Override
  public void close() {}
}
