package io.millrace.objectstore.location;

import io.millrace.objectstore.DirectoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.StoreProbe;
import io.millrace.objectstore.StoreThreads;
import io.millrace.objectstore.s3.S3Store;
import io.millrace.runtime.Environment;
import io.millrace.runtime.Threads;

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
   * Opens without a request; whether the store can be used is for {@link StoreProbe} to say.
   *
   * @throws IllegalArgumentException if the location lacks what cannot be found elsewhere
   */
  public static ObjectStore open(StoreLocation location, Environment environment) {
    return switch (location) {
      case StoreLocation.Directory directory ->
          DirectoryStore.shared(
              environment.disk(),
              threads(environment, DIRECTORY_THREADS, DIRECTORY_THREADS, DIRECTORY_THREADS),
              directory.path(),
              environment.randomness());
      case StoreLocation.Bucket bucket ->
          S3Store.open(
              bucket.bucket(),
              threads(environment, WRITE_THREADS, READ_THREADS, BLOCK_READ_THREADS),
              WRITE_THREADS + READ_THREADS + BLOCK_READ_THREADS);
    };
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
