package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class SimulatedDirectoryStoreContractTest extends ObjectStoreContractTest {
  private final SimulatedDisk disk = new SimulatedDisk(new SimulatedScheduler(1));
  private final DirectoryStore store = new DirectoryStore(disk, Runnable::run, Path.of("/data"));

  @Override
  protected ObjectStore store() {
    return store;
  }

  @Test
  void whateverTheDiskThrowsIsNoAnswer() {
    disk.log(_ -> {
      throw new IllegalStateException("no more");
    });

    assertThat(store.putIfAbsent("k", ByteBuffer.allocate(1)))
        .isCompletedWithValueMatching(put -> put instanceof PutOutcome.Unknown);
  }
}
