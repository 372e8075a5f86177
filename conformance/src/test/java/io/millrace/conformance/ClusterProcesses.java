package io.millrace.conformance;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;

/**
 * Brokers in processes of their own on one store. Each keeps its node id and port over kills and
 * restarts; the session timeout is short, so that a silent one is fenced within seconds. Logs are
 * left in the build's folder. All processes end with it.
 */
final class ClusterProcesses implements AutoCloseable {
  /** For anything the cluster should get to; a fence, takeover and new leaders take seconds. */
  static final Duration PATIENCE = Duration.ofMinutes(3);

  private static final int LOOK_MS_MAX = 5000;
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Map<String, String> SMALL_HEAP =
      Map.of("MILLRACE_HEAP_OPTS", "-Xms64m -Xmx384m");
  private static final List<String> SETTINGS =
      List.of(
          "broker.heartbeat.interval.ms=500",
          "broker.session.timeout.ms=3000",
          "log.cache.bytes=33554432",
          "block.cache.bytes=16777216",
          "offsets.topic.num.partitions=4",
          "group.initial.rebalance.delay.ms=0");

  private final Path logs;
  private final List<String> store;
  private final Map<String, String> environment;
  private final List<String> settings;
  private final TreeMap<Integer, BrokerProcess> brokers = new TreeMap<>();

  private ClusterProcesses(
      Path logs, List<String> store, Map<String, String> environment, List<String> settings) {
    this.logs = logs;
    this.store = store;
    this.environment = environment;
    this.settings = settings;
  }

  /**
   * No broker yet, on a directory.
   *
   * @param name of the folder with the logs
   * @param settings each {@code key=value}
   */
  static ClusterProcesses onFolder(Path folder, String name, String... settings)
      throws IOException {
    return new ClusterProcesses(
        logs(name), List.of("--store", "file:" + folder), SMALL_HEAP, List.of(settings));
  }

  /** As {@link #onFolder}, on a bucket. */
  static ClusterProcesses onBucket(S3ProxyProcess service, String name, String... settings)
      throws IOException {
    Map<String, String> environment = new TreeMap<>(SMALL_HEAP);
    environment.putAll(S3ProxyProcess.environment());
    return new ClusterProcesses(
        logs(name), bucket(service.endpoint()), environment, List.of(settings));
  }

  /** Arguments that name the store behind an endpoint. */
  static List<String> bucket(String endpoint) {
    return List.of(
        "--store",
        "s3://" + S3ProxyProcess.BUCKET + "/cluster",
        "--set",
        "store.s3.endpoint=" + endpoint,
        "--set",
        "store.s3.region=us-east-1",
        "--set",
        "store.s3.path.style=true");
  }

  private static Path logs(String name) throws IOException {
    Path logs = Path.of("target", "cluster-logs", name);
    if (Files.exists(logs)) {
      try (var old = Files.walk(logs)) {
        for (Path file : old.filter(Files::isRegularFile).toList()) {
          Files.delete(file);
        }
      }
    }
    return Files.createDirectories(logs);
  }

  /** Starts one more broker and returns when it is ready. */
  BrokerProcess start(int nodeId) throws IOException {
    return start(nodeId, "node.id=" + nodeId);
  }

  /** As {@link #start}, without a node id: the cluster gives it the one that is expected. */
  BrokerProcess startWithoutNodeId(int expectedNodeId) throws IOException {
    return start(expectedNodeId, "num.partitions=1");
  }

  private BrokerProcess start(int nodeId, String identity) throws IOException {
    int port = BrokerProcess.freePort();
    List<String> command = new ArrayList<>(List.of(Launcher.path()));
    command.addAll(startArguments(port, identity));
    BrokerProcess broker =
        BrokerProcess.of(
            Files.createDirectories(logs.resolve("broker-" + nodeId)), environment, port, command);
    brokers.put(nodeId, broker);
    broker.start();
    return broker;
  }

  /** What {@code start} is given, the word included. */
  private List<String> startArguments(int port, String identity) {
    List<String> arguments = new ArrayList<>(List.of("start"));
    arguments.addAll(store);
    arguments.addAll(List.of("--listen", "127.0.0.1:" + port, "--set", identity));
    SETTINGS.forEach(setting -> arguments.addAll(List.of("--set", setting)));
    settings.forEach(setting -> arguments.addAll(List.of("--set", setting)));
    return arguments;
  }

  /** A start that is expected to be refused. */
  Launcher.Result refusedStart(int nodeId) throws IOException, InterruptedException {
    return Launcher.run(
        logs, environment, startArguments(0, "node.id=" + nodeId).toArray(String[]::new));
  }

  BrokerProcess broker(int nodeId) {
    return Objects.requireNonNull(brokers.get(nodeId));
  }

  Set<Integer> nodeIds() {
    return Set.copyOf(brokers.keySet());
  }

  /** For {@code bootstrap.servers}: all of them. */
  String address() {
    return brokers.values().stream().map(BrokerProcess::address).collect(Collectors.joining(","));
  }

  Admin admin() {
    return admin(brokers.keySet());
  }

  /** Begins with these brokers, and does not wait long for one that is silent. */
  private Admin admin(Collection<Integer> nodeIds) {
    String addresses =
        nodeIds.stream().map(nodeId -> broker(nodeId).address()).collect(Collectors.joining(","));
    return Admin.create(
        Map.of(
            "bootstrap.servers", addresses,
            "request.timeout.ms", 3000,
            "default.api.timeout.ms", 30_000,
            "reconnect.backoff.max.ms", 100));
  }

  /** Waits until these brokers say that they are registered and no others. */
  void awaitLive(Collection<Integer> nodeIds) {
    Set<Integer> expected = Set.copyOf(nodeIds);
    await("live brokers " + new TreeSet<>(nodeIds))
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .ignoreExceptions()
        .until(() -> live(expected), expected::equals);
  }

  /** A client of its own: one that has met a broker stopped by a signal may stay with it. */
  private Set<Integer> live(Collection<Integer> nodeIds) throws Exception {
    try (Admin admin = admin(nodeIds)) {
      DescribeClusterOptions briefly = new DescribeClusterOptions().timeoutMs(LOOK_MS_MAX);
      return admin.describeCluster(briefly).nodes().get().stream()
          .map(Node::id)
          .collect(Collectors.toSet());
    }
  }

  /** Waits until each partition has a leader and all of these brokers lead some. */
  static void awaitAllLead(Admin admin, String topic, Collection<Integer> nodeIds) {
    Set<Integer> expected = Set.copyOf(nodeIds);
    await("leaders of " + topic + " are exactly " + new TreeSet<>(nodeIds))
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .ignoreExceptions()
        .until(() -> Set.copyOf(leaders(admin, topic)), expected::equals);
  }

  /** Waits until the partitions are led by these, one after the other. */
  static void awaitLeaders(Admin admin, String topic, List<Integer> nodeIds) {
    await("leaders of " + topic + " are " + nodeIds)
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .ignoreExceptions()
        .until(() -> leaders(admin, topic), nodeIds::equals);
  }

  /** By partition; -1 where there is none. */
  static List<Integer> leaders(Admin admin, String topic) throws Exception {
    TopicDescription described =
        Objects.requireNonNull(
            admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic));
    return described.partitions().stream().map(ClusterProcesses::leader).toList();
  }

  private static int leader(TopicPartitionInfo partition) {
    Node leader = partition.leader();
    return leader == null ? Node.noNode().id() : leader.id();
  }

  /** Where to look when something is wrong. */
  Path logs() {
    return logs.toAbsolutePath();
  }

  @Override
  public void close() {
    brokers.values().forEach(BrokerProcess::close);
  }
}
