package io.millrace.objectstore;

import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemThreads;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

final class SystemDirectoryStoreContractTest extends ObjectStoreContractTest {
  private final SystemThreads threads =
      new SystemThreads(
          (thread, cause) -> {
            throw new IllegalStateException(thread, cause);
          });

  @TempDir Path root;
  private @Nullable ObjectStore store;

  @AfterEach
  void end() {
    threads.close();
  }

  @Override
  ObjectStore store() {
    if (store == null) {
      store = reopened();
    }
    return store;
  }

  @Override
  ObjectStore reopened() {
    return new DirectoryStore(new SystemDisk(), threads.pool("store", 4, 1000), root);
  }

  @Override
  <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(60, TimeUnit.SECONDS).join();
  }
}
