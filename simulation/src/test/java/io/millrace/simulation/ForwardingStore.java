package io.millrace.simulation;

import io.millrace.objectstore.ObjectStore;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** Another store, except for what is overridden. */
abstract class ForwardingStore implements ObjectStore {
  private final ObjectStore store;

  ForwardingStore(ObjectStore store) {
    this.store = store;
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    return store.putIfAbsent(key, body);
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    return store.get(key, bytesMax);
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    return store.getRange(key, position, length);
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    return store.head(key);
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    return store.list(prefix, after, keysMax);
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    return store.delete(key);
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
  public void close() {
    store.close();
  }
}
