package io.millrace.broker;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.runtime.Environment;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;

/** A broker alone in its data folder has one life; a failure of its disk ends the process. */
final class FolderBirths implements Births {
  private static final int STORE_THREADS = 4;
  private static final int STORE_TASKS_MAX = 4096;

  private final Environment environment;
  private final BrokerConfig config;
  private final String version;
  private final LoggerLevels loggers;
  private final Path dataFolder;
  private final DirectoryStore store;

  FolderBirths(Environment environment, BrokerConfig config, String version, LoggerLevels loggers) {
    this.environment = environment;
    this.config = config;
    this.version = version;
    this.loggers = loggers;
    this.dataFolder = config.dataDirectory().toAbsolutePath().normalize();
    Executor storeThreads = environment.threads().pool("store", STORE_THREADS, STORE_TASKS_MAX);
    this.store = new DirectoryStore(environment.disk(), storeThreads, dataFolder);
  }

  @Override
  public BrokerCore next(List<Endpoint> endpoints) {
    return BrokerCore.inFolder(
        environment,
        config,
        store,
        Settings.storage(config),
        Settings.folder(config, dataFolder),
        endpoints,
        version,
        loggers);
  }

  @Override
  public boolean endsProcess(Throwable cause) {
    return true;
  }

  @Override
  public String where(BrokerCore ready) {
    return "data in " + dataFolder;
  }

  @Override
  public void close() {
    store.close();
  }
}
