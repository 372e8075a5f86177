package io.millrace.broker;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.NodeKeys;
import io.millrace.broker.handler.LogDirectory;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Environment;
import io.millrace.storage.log.BrokerIdentity;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.nio.file.Path;
import java.util.List;

/**
 * A broker alone in its data folder. Nobody takes its life from it, so the first is the only one.
 */
final class FolderSite implements Site {
  private static final int STORE_THREADS = 4;
  private static final int STORE_TASKS_MAX = 4096;

  private final Environment environment;
  private final BrokerConfig config;
  private final String version;
  private final Path folder;
  private final ObjectStore store;

  FolderSite(Environment environment, BrokerConfig config, String version) {
    this.environment = environment;
    this.config = config;
    this.version = version;
    this.folder = config.dataDirectory().toAbsolutePath().normalize();
    this.store =
        new DirectoryStore(
            environment.disk(),
            environment.threads().pool("store", STORE_THREADS, STORE_TASKS_MAX),
            folder);
  }

  @Override
  public boolean shared() {
    return false;
  }

  @Override
  public Life bear(List<Endpoint> endpoints) {
    StorageEngine storage =
        StorageEngine.inFolder(
            environment,
            store,
            Settings.storage(config),
            Settings.folder(config, folder),
            new BrokerIdentity(
                config.nodeId(), endpoints, config.find(NodeKeys.BROKER_RACK), version));
    return new BrokerCore(environment, config, storage, LogDirectory.of(folder));
  }

  @Override
  public boolean endsProcess(Throwable cause) {
    return true;
  }

  @Override
  public String describe() {
    return "data in " + folder;
  }

  @Override
  public void close() {
    store.close();
  }
}
