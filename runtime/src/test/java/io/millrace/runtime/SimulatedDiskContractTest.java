package io.millrace.runtime;

import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

final class SimulatedDiskContractTest extends DiskContractTest {
  private final SimulatedDisk disk = new SimulatedDisk(new SimulatedScheduler(1));

  SimulatedDiskContractTest() {
    try {
      disk.createDirectories(Path.of("/data"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  Disk disk() {
    return disk;
  }

  @Override
  Path folder() {
    return Path.of("/data");
  }
}
