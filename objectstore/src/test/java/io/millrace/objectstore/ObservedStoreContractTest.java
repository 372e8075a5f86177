package io.millrace.objectstore;

import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;

final class ObservedStoreContractTest extends ObjectStoreContractTest {
  private final ObservedStore store =
      new ObservedStore(
          new MemoryStore(), new SimulatedClock(new SimulatedScheduler(1)), 1_000_000_000L);

  @Override
  protected ObjectStore store() {
    return store;
  }
}
