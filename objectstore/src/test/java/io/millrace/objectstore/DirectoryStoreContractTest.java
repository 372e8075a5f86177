package io.millrace.objectstore;

import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemThreads;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

final class DirectoryStoreContractTest extends ObjectStoreContractTest {
  @TempDir Path folder;

  private final SystemThreads threads =
      new SystemThreads((thread, bug) -> {
        throw new AssertionError(thread, bug);
      });
  private DirectoryStore store;

  @BeforeEach
  void open() {
    store = new DirectoryStore(new SystemDisk(), threads.pool("store", 8, 1000), folder);
  }

  @AfterEach
  void close() {
    threads.close();
  }

  @Override
  protected ObjectStore store() {
    return store;
  }
}
