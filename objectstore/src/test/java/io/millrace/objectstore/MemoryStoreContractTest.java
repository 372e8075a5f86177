package io.millrace.objectstore;

final class MemoryStoreContractTest extends ObjectStoreContractTest {
  private final MemoryStore store = new MemoryStore();

  @Override
  protected ObjectStore store() {
    return store;
  }
}
