package io.millrace.broker;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.location.SharedStore;
import io.millrace.objectstore.location.StoreLocation;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.log.FolderRepair;
import io.millrace.storage.log.UnusableStoreException;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataReader;
import io.millrace.storage.recovery.WalCorruptException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The store that a broker started with the same options would use, for tools that only read,
 * whether brokers run on it or not.
 */
public final class StoreView implements AutoCloseable {
  private static final int STORE_THREADS = 2;
  private static final int STORE_TASKS_MAX = 1_000;
  private static final long SECONDS_MAX = 60;

  private final Environment environment;
  private final ObjectStore store;
  private final Path folder;
  private final boolean shared;
  private final EventLoop loop;

  private StoreView(Environment environment, BrokerConfig config, ObjectStore store) {
    this.environment = environment;
    this.folder = folder(config);
    this.shared = config.store().isPresent();
    this.store = store;
    this.loop = environment.threads().eventLoop("metadata");
  }

  /**
   * @throws StartException if the options are wrong, or there is no data where they point
   */
  public static StoreView open(BrokerOptions options) throws StartException {
    Environment environment = ProcessOptions.environment();
    BrokerConfig config = ProcessOptions.load(options, environment).config();
    return new StoreView(environment, config, open(config, environment));
  }

  public ObjectStore store() {
    return store;
  }

  /**
   * Puts aside, into files that are returned, what of a write-ahead log cannot be read.
   *
   * @throws StartException if a broker runs on the folder, or several may share it
   */
  public List<Path> quarantine(MetadataImage image) throws StartException {
    if (shared) {
      throw new StartException(
          "Only the data folder of a broker on its own can be repaired, not the store of a cluster.");
    }
    try {
      return new FolderRepair(environment.disk(), folder).run(image);
    } catch (UnusableStoreException | WalCorruptException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new StartException("The folder %s cannot be repaired: %s".formatted(folder, e), e);
    }
  }

  /** Whether several brokers may share it, so that each entry of their logs is an object. */
  public boolean isShared() {
    return shared;
  }

  /**
   * The image after an entry.
   *
   * @param entryNumber empty for the newest
   * @throws StartException if there is none, or it cannot be read
   */
  public MetadataImage image(OptionalLong entryNumber) throws StartException {
    try {
      return MetadataReader.image(
              store, loop, environment.clock(), environment.randomness(), entryNumber)
          .get(SECONDS_MAX, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      Throwable cause = FailureCause.of(e);
      throw new StartException("The metadata log cannot be read: " + cause.getMessage(), cause);
    } catch (TimeoutException e) {
      throw new StartException("The store gives no answer.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("It was interrupted.", e);
    }
  }

  @Override
  public void close() {
    loop.close();
    store.close();
  }

  /** A folder is not marked as a cluster's, as a broker would: nothing is written. */
  private static ObjectStore open(BrokerConfig config, Environment environment)
      throws StartException {
    StoreLocation location = config.store().orElse(null);
    if (location instanceof StoreLocation.Bucket) {
      try {
        return SharedStore.open(location, environment);
      } catch (IllegalArgumentException e) {
        throw new StartException("The store " + location + " cannot be used: " + e.getMessage(), e);
      }
    }
    Path folder =
        location instanceof StoreLocation.Directory directory ? directory.path() : folder(config);
    if (!exists(environment, folder.resolve("store"))) {
      throw new StartException(
          "There is no data of a broker in %s; say where with --data or --store."
              .formatted(folder));
    }
    return new DirectoryStore(
        environment.disk(),
        environment.threads().pool("store", STORE_THREADS, STORE_TASKS_MAX),
        folder);
  }

  private static Path folder(BrokerConfig config) {
    return config.dataDirectory().toAbsolutePath().normalize();
  }

  private static boolean exists(Environment environment, Path folder) throws StartException {
    try {
      return environment.disk().exists(folder);
    } catch (IOException e) {
      throw new StartException("The folder %s cannot be read: %s".formatted(folder, e), e);
    }
  }
}
