package io.millrace.objectstore;

import java.util.concurrent.CompletableFuture;

final class MemoryStoreContractTest extends ObjectStoreContractTest {
  private final MemoryStore store = new MemoryStore();

  @Override
  ObjectStore store() {
    return store;
  }

  @Override
  ObjectStore reopened() {
    return store;
  }

  @Override
  <T> T await(CompletableFuture<T> future) {
    return future.join();
  }
}
