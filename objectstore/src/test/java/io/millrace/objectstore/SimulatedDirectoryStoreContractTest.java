package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

final class SimulatedDirectoryStoreContractTest extends ObjectStoreContractTest {
  private final SimulatedScheduler scheduler = new SimulatedScheduler(11);
  private final Environment environment =
      new SimulatedMachine(scheduler, "machine").startProcess();
  private final ObjectStore store = reopened();

  @Override
  ObjectStore store() {
    return store;
  }

  @Override
  ObjectStore reopened() {
    return new DirectoryStore(
        environment.disk(), environment.threads().pool("store", 4, 1000), Path.of("/data"));
  }

  @Override
  <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, 100_000)).isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }
}
