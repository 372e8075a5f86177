package io.millrace.conformance.kafka;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import kafka.server.ControllerServer;
import kafka.server.KafkaBroker;
import kafka.server.KafkaConfig;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.test.ClusterInstance;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.apache.kafka.common.test.api.Type;
import org.apache.kafka.server.authorizer.Authorizer;
import org.apache.kafka.server.fault.FaultHandlerException;
import org.jspecify.annotations.Nullable;

/**
 * The cluster that a test of Apache Kafka is handed: one broker on a folder of its own, or several
 * on a shared one. Every broker does a controller's work, so a controller's properties go to all.
 * Properties that Kafka does not know are left out, as Kafka ignores them.
 */
final class MillraceCluster implements ClusterInstance {
  private static final int CONTROLLER_ID_MIN = 3000;
  private static final int PORT_MIN = 12_000;
  private static final int PORT_END = 32_000;
  private static final int PORT_ATTEMPTS_MAX = 100;
  private static final AtomicInteger NEXT_PORT =
      new AtomicInteger(ThreadLocalRandom.current().nextInt(PORT_END));
  private static final Duration LATE_PUTS = Duration.ofSeconds(10);
  private static final Path FOLDERS = Path.of("target", "kafka-tests", "clusters");

  /** Small caches, because clusters follow each other in one process. */
  private static final Map<String, String> SMALL =
      Map.of(
          "log.cache.bytes", "33554432",
          "block.cache.bytes", "16777216");

  private final ClusterConfig config;
  private final Map<Integer, ClusterNode> nodes = new TreeMap<>();
  private final Map<Integer, KafkaBroker> views = new LinkedHashMap<>();
  private @Nullable Path folder;
  private @Nullable String clusterId;
  private boolean started;
  private boolean stopped;

  MillraceCluster(ClusterConfig config) {
    this.config = config;
  }

  @Override
  public void start() {
    if (started) {
      return;
    }
    if (config.brokerSecurityProtocol() != SecurityProtocol.PLAINTEXT) {
      throw new UnsupportedOperationException("a cluster with " + config.brokerSecurityProtocol());
    }
    started = true;
    try {
      Files.createDirectories(FOLDERS);
      folder = Files.createTempDirectory(FOLDERS.toAbsolutePath(), "cluster-");
      for (int id = 0; id < config.numBrokers(); id++) {
        ClusterNode node = node(id, folder);
        nodes.put(id, node);
        views.put(id, BrokerView.of(node, this));
      }
      nodes.values().forEach(ClusterNode::start);
      waitForReadyBrokers();
      finalizeFeatures();
    } catch (IOException e) {
      throw new IllegalStateException("The cluster cannot start", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("The start was interrupted", e);
    }
  }

  private ClusterNode node(int id, Path folder) throws IOException {
    int port = freePort();
    Map<String, String> settings = new TreeMap<>(SMALL);
    settings.putAll(config.serverProperties());
    config
        .perServerOverrideProperties()
        .forEach((node, properties) -> {
          if (node >= CONTROLLER_ID_MIN) {
            settings.putAll(properties);
          }
        });
    settings.putAll(config.perServerOverrideProperties().getOrDefault(id, Map.of()));
    settings.keySet().removeIf(key -> !isKnown(key));
    String listener = config.brokerListenerName().value();
    settings.put("node.id", String.valueOf(id));
    settings.put("listeners", listener + "://localhost:" + port);
    settings.put("listener.security.protocol.map", listener + ":PLAINTEXT");
    settings.put("inter.broker.listener.name", listener);
    settings.put("log.dirs", folder.resolve("data-" + id).toString());
    Optional<String> store =
        config.numBrokers() > 1 ? Optional.of("file:" + folder.resolve("store")) : Optional.empty();
    return new ClusterNode(id, port, store, settings);
  }

  private static boolean isKnown(String key) {
    return SMALL.containsKey(key) || KafkaConfig.configDef().configKeys().containsKey(key);
  }

  /**
   * Below the ports that systems give to outgoing connections: a broker that is stopped finds its
   * port free when it starts again. One after the other, so that no other cluster gets it
   * meanwhile.
   */
  private static int freePort() throws IOException {
    IOException taken = new IOException("no port is free");
    for (int attempt = 0; attempt < PORT_ATTEMPTS_MAX; attempt++) {
      int port = PORT_MIN + Math.floorMod(NEXT_PORT.getAndIncrement(), PORT_END - PORT_MIN);
      try (ServerSocket socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (IOException e) {
        taken = e;
      }
    }
    throw taken;
  }

  /** Levels other than those that a new cluster has. */
  private void finalizeFeatures() throws InterruptedException {
    if (config.features().isEmpty()) {
      return;
    }
    try (Admin admin = admin()) {
      Map<String, FinalizedVersionRange> present =
          admin.describeFeatures().featureMetadata().get().finalizedFeatures();
      Map<String, FeatureUpdate> updates = new TreeMap<>();
      config
          .features()
          .forEach((feature, level) -> {
            FinalizedVersionRange range = present.get(feature.featureName());
            int now = range == null ? 0 : range.maxVersionLevel();
            if (now != level) {
              updates.put(
                  feature.featureName(),
                  new FeatureUpdate(
                      level,
                      level > now
                          ? FeatureUpdate.UpgradeType.UPGRADE
                          : FeatureUpdate.UpgradeType.SAFE_DOWNGRADE));
            }
          });
      if (!updates.isEmpty()) {
        admin.updateFeatures(updates, new UpdateFeaturesOptions()).all().get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("The features " + config.features() + " cannot be set", e);
    }
  }

  @Override
  public void stop() {
    if (stopped) {
      return;
    }
    stopped = true;
    nodes.values().forEach(ClusterNode::stop);
    Path used = folder;
    if (used != null) {
      // a put that nobody waits for any more may still arrive
      await()
          .atMost(LATE_PUTS)
          .ignoreExceptionsInstanceOf(IOException.class)
          .until(() -> delete(used));
    }
  }

  private static boolean delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path left, @Nullable IOException failure)
              throws IOException {
            Files.delete(left);
            return FileVisitResult.CONTINUE;
          }
        });
    return true;
  }

  @Override
  public boolean started() {
    return started;
  }

  @Override
  public boolean stopped() {
    return stopped;
  }

  @Override
  public void shutdownBroker(int id) {
    require(id).stop();
  }

  @Override
  public void startBroker(int id) {
    require(id).start();
  }

  private ClusterNode require(int id) {
    ClusterNode node = nodes.get(id);
    if (node == null) {
      throw new IllegalArgumentException("There is no broker " + id);
    }
    return node;
  }

  private List<ClusterNode> running() {
    return nodes.values().stream().filter(ClusterNode::isRunning).toList();
  }

  @Override
  public Type type() {
    return config.clusterTypes().stream()
        .max(Comparator.naturalOrder())
        .orElseThrow(() -> new IllegalStateException("no type"));
  }

  @Override
  public ClusterConfig config() {
    return config;
  }

  @Override
  public Map<Integer, KafkaBroker> brokers() {
    return Map.copyOf(views);
  }

  /** None that could be handed out. */
  @Override
  public Map<Integer, ControllerServer> controllers() {
    return Map.of();
  }

  @Override
  public Set<Integer> controllerIds() {
    return Set.copyOf(nodes.keySet());
  }

  @Override
  public List<Integer> controllerBoundPorts() {
    return brokerBoundPorts();
  }

  @Override
  public List<Integer> brokerBoundPorts() {
    return nodes.values().stream().map(ClusterNode::port).toList();
  }

  @Override
  public ListenerName clientListener() {
    return config.brokerListenerName();
  }

  @Override
  public ListenerName controllerListenerName() {
    return config.brokerListenerName();
  }

  @Override
  public String bootstrapServers() {
    return nodes.values().stream()
        .map(node -> "localhost:" + node.port())
        .collect(Collectors.joining(","));
  }

  @Override
  public String bootstrapControllers() {
    return bootstrapServers();
  }

  @Override
  public String clusterId() {
    if (clusterId == null) {
      try (Admin admin = admin()) {
        clusterId = admin.describeCluster().clusterId().get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      } catch (ExecutionException e) {
        throw new IllegalStateException("The cluster does not tell its id", e);
      }
    }
    return clusterId;
  }

  @Override
  public Set<GroupProtocol> supportedGroupProtocols() {
    return Set.of(GroupProtocol.CLASSIC, GroupProtocol.CONSUMER);
  }

  @Override
  public Optional<FaultHandlerException> firstFatalException() {
    return Optional.empty();
  }

  @Override
  public Optional<FaultHandlerException> firstNonFatalException() {
    return Optional.empty();
  }

  @Override
  public List<Authorizer> authorizers() {
    throw new UnsupportedOperationException("Kafka's broker internals: authorizer");
  }

  @Override
  public void waitForReadyBrokers() throws InterruptedException {
    Set<Integer> ids = running().stream().map(ClusterNode::id).collect(Collectors.toSet());
    MetadataWatch.untilAll(
        running(), "live brokers are " + ids, view -> view.liveBrokers().equals(ids));
  }

  @Override
  public void waitTopicCreation(String topic, int partitions) throws InterruptedException {
    if (partitions <= 0) {
      throw new IllegalArgumentException("Partition count must be > 0, but was " + partitions);
    }
    MetadataWatch.untilAll(
        running(),
        topic + " has " + partitions + " partitions with leaders",
        view -> view.partitionsWithLeader(topic) == partitions);
  }

  @Override
  public void waitTopicDeletion(String topic) throws InterruptedException {
    MetadataWatch.untilAll(running(), topic + " is gone", view -> !view.hasTopic(topic));
  }

  @Override
  public void ensureConsistentMetadata() throws InterruptedException {
    MetadataWatch.untilSame(running());
  }

  @Override
  public void ensureConsistentMetadata(
      Collection<KafkaBroker> brokers, Collection<ControllerServer> controllers)
      throws InterruptedException {
    Set<Integer> ids = new HashSet<>();
    brokers.forEach(broker -> ids.add(broker.config().brokerId()));
    MetadataWatch.untilSame(running().stream().filter(node -> ids.contains(node.id())).toList());
  }
}
