package io.millrace.objectstore;

import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.file.Path;

final class SimulatedDirectoryStoreContractTest extends ObjectStoreContractTest {
  private final DirectoryStore store =
      new DirectoryStore(
          new SimulatedDisk(new SimulatedScheduler(1)), Runnable::run, Path.of("/data"));

  @Override
  protected ObjectStore store() {
    return store;
  }
}
