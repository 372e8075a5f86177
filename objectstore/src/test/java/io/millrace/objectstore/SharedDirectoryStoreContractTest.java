package io.millrace.objectstore;

import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemRandomness;
import io.millrace.runtime.SystemThreads;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Every call goes to another of two stores on one folder, as of two processes. */
final class SharedDirectoryStoreContractTest extends ObjectStoreContractTest {
  @TempDir Path folder;

  private final SystemThreads threads =
      new SystemThreads((thread, bug) -> {
        throw new AssertionError(thread, bug);
      });
  private DirectoryStore next;
  private DirectoryStore other;

  @BeforeEach
  void open() {
    next = openOne("one");
    other = openOne("other");
  }

  @AfterEach
  void close() {
    threads.close();
  }

  @Override
  protected ObjectStore store() {
    DirectoryStore store = next;
    next = other;
    other = store;
    return store;
  }

  private DirectoryStore openOne(String name) {
    return DirectoryStore.shared(
        new SystemDisk(),
        StoreThreads.same(threads.pool(name, 8, 1000)),
        folder,
        new SystemRandomness());
  }
}
