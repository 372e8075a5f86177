package io.millrace.objectstore.location;

import io.millrace.objectstore.DirectoryStore;
import io.millrace.objectstore.FolderClaim;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.StoreProbe;
import io.millrace.objectstore.StoreThreads;
import io.millrace.objectstore.s3.S3Store;
import io.millrace.runtime.Disk;
import io.millrace.runtime.Environment;
import io.millrace.runtime.Threads;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens the store that several brokers share. A class of the AWS SDK is loaded only if the store is
 * a bucket.
 */
public final class SharedStore {
  /** As many as the probe has racers, so that they do race. */
  private static final int WRITE_THREADS = StoreProbe.RACERS_SHARED;

  private static final int READ_THREADS = 32;
  private static final int BLOCK_READ_THREADS = 16;
  private static final int DIRECTORY_THREADS = 8;
  private static final int WAITING_CALLS_MAX = 4096;

  private SharedStore() {}

  /**
   * Opens without a request, but for the mark on a folder; whether the store can be used is for
   * {@link StoreProbe} to say.
   *
   * @throws IllegalArgumentException if the location lacks what cannot be found elsewhere, or is
   *     the folder of a broker on its own
   */
  public static ObjectStore open(StoreLocation location, Environment environment) {
    return switch (location) {
      case StoreLocation.Directory directory -> {
        claim(environment.disk(), directory.path());
        yield DirectoryStore.shared(
            environment.disk(),
            threads(environment, DIRECTORY_THREADS, DIRECTORY_THREADS, DIRECTORY_THREADS),
            directory.path(),
            environment.randomness());
      }
      case StoreLocation.Bucket bucket ->
          S3Store.open(
              bucket.bucket(),
              threads(environment, WRITE_THREADS, READ_THREADS, BLOCK_READ_THREADS),
              WRITE_THREADS + READ_THREADS + BLOCK_READ_THREADS);
    };
  }

  private static void claim(Disk disk, Path folder) {
    boolean shared;
    try {
      shared = new FolderClaim(disk, folder).share();
    } catch (IOException e) {
      throw new IllegalArgumentException("the folder cannot be written to (%s)".formatted(e), e);
    }
    if (!shared) {
      throw new IllegalArgumentException(
          "it is the data folder of a broker on its own. Start that one with --data %s, or name another folder (--store)."
              .formatted(folder));
    }
  }

  private static StoreThreads threads(
      Environment environment, int writes, int reads, int blockReads) {
    Threads threads = environment.threads();
    return new StoreThreads(
        threads.pool("store-write", writes, WAITING_CALLS_MAX),
        threads.pool("store-read", reads, WAITING_CALLS_MAX),
        threads.pool("store-block", blockReads, WAITING_CALLS_MAX));
  }
}
