package io.millrace.broker;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ConfigLoader;
import io.millrace.broker.config.StartOptions;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.location.SharedStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.FailureCause;
import io.millrace.runtime.SystemClock;
import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemRandomness;
import io.millrace.runtime.SystemThreads;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the metadata log in a store says, whether brokers run on it or not. Changes nothing; reads
 * the store that a broker started with the same options would use.
 */
public final class StoredMetadata {
  private static final Logger LOG = LoggerFactory.getLogger(StoredMetadata.class);
  private static final int STORE_THREADS = 2;
  private static final int STORE_TASKS_MAX = 1_000;
  private static final long SECONDS_MAX = 60;

  private StoredMetadata() {}

  /**
   * The image after an entry.
   *
   * @param entryNumber empty for the newest
   * @throws StartException if the options are wrong, or the store has nothing of the kind
   */
  public static MetadataImage image(BrokerOptions options, OptionalLong entryNumber)
      throws StartException {
    Environment environment =
        new Environment(
            new SystemClock(),
            new SystemRandomness(),
            new SystemThreads((name, bug) -> LOG.error("A task failed thread={}", name, bug)),
            new SystemDisk());
    BrokerConfig config = config(options, environment);
    try (ObjectStore store = open(config, environment)) {
      return MetadataReader.image(
              store,
              environment.threads().eventLoop("metadata"),
              environment.clock(),
              environment.randomness(),
              entryNumber)
          .get(SECONDS_MAX, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      Throwable cause = FailureCause.of(e);
      throw new StartException("The metadata log cannot be read: " + cause.getMessage(), cause);
    } catch (TimeoutException | IOException e) {
      throw new StartException("The store gives no answer.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("It was interrupted.", e);
    }
  }

  private static BrokerConfig config(BrokerOptions options, Environment environment)
      throws StartException {
    StartOptions given =
        StartOptions.of(
            options.config(),
            options.sets(),
            options.listen(),
            options.data(),
            options.store(),
            System.getenv(),
            environment.disk());
    return switch (ConfigLoader.load(given)) {
      case ConfigLoader.Refused refused -> throw new StartException(refused.lines());
      case ConfigLoader.Loaded loaded -> loaded.config();
    };
  }

  private static ObjectStore open(BrokerConfig config, Environment environment)
      throws StartException, IOException {
    if (config.store().isPresent()) {
      try {
        return SharedStore.open(config.store().get(), environment);
      } catch (IllegalArgumentException e) {
        throw new StartException(
            "The store " + config.store().get() + " cannot be used: " + e.getMessage(), e);
      }
    }
    Path folder = config.dataDirectory().toAbsolutePath().normalize();
    if (!Files.isDirectory(folder.resolve("store"))) {
      throw new StartException(
          "There is no data of a broker in %s; say where with --data or --store."
              .formatted(folder));
    }
    return new DirectoryStore(
        environment.disk(),
        environment.threads().pool("store", STORE_THREADS, STORE_TASKS_MAX),
        folder);
  }
}
