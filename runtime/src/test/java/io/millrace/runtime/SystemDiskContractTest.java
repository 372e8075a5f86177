package io.millrace.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SystemDiskContractTest extends DiskContractTest {
  @TempDir Path folder;

  @Override
  Disk disk() {
    return new SystemDisk();
  }

  @Override
  Path folder() {
    return folder;
  }

  @Test
  void aPendingInterruptDoesNotCloseTheFile() throws IOException {
    try (DiskFile file = disk().open(folder.resolve("a"), Mode.CREATE)) {
      Thread.currentThread().interrupt();
      file.write(ByteBuffer.wrap(new byte[8]), 0);
      file.sync();
      boolean stillPending = Thread.interrupted();

      assertThat(stillPending).isTrue();
      assertThat(file.size()).isEqualTo(8);
    }
  }
}
