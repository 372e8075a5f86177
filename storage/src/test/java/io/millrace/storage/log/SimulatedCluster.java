package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cluster.ClusterSettings;
import io.millrace.storage.cluster.NodeIds;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.cluster.PeerOutcome;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.wal.ObjectWalSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.Uuid;

/** Storage engines of several brokers on one store in memory, in virtual time. */
final class SimulatedCluster {
  private static final long STEPS_MAX = 3_000_000;
  private static final long LINK_NS = TimeUnit.MILLISECONDS.toNanos(1);

  final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  final ObjectStore store = new MemoryStore();
  private final Map<Integer, SimulatedMachine> machines = new TreeMap<>();
  private final Map<Integer, StorageEngine> engines = new TreeMap<>();

  /** A broker with this node id, registered and serving. */
  StorageEngine start(int node) {
    StorageEngine engine = boot(node, store);
    await(engine.start());
    return engine;
  }

  /** A broker not started yet, and its way to the store. */
  StorageEngine boot(int node, ObjectStore way) {
    SimulatedMachine machine =
        machines.computeIfAbsent(node, n -> new SimulatedMachine(scheduler, "m" + n));
    Environment environment = machine.startProcess();
    StorageEngine engine =
        StorageEngine.onSharedStore(
            environment,
            way,
            settings(),
            new SharedSettings("memory", wal(), cluster()),
            new NodeIds.Claim(
                OptionalInt.of(node),
                List.of(new Endpoint("PLAINTEXT", "broker", node, "PLAINTEXT")),
                Optional.empty(),
                "test"),
            link(environment));
    engines.put(node, engine);
    return engine;
  }

  private static StorageSettings settings() {
    return new StorageSettings(
        1 << 20,
        1 << 20,
        64 << 10,
        8 << 20,
        1 << 20,
        1_000_000,
        1000,
        5_000,
        2,
        new BoundarySpacing(16),
        2_000);
  }

  private static ObjectWalSettings wal() {
    return ObjectWalSettings.of(20, 64 << 10, 1 << 20, 500);
  }

  private static ClusterSettings cluster() {
    return new ClusterSettings(
        TimeUnit.SECONDS.toNanos(2),
        TimeUnit.SECONDS.toNanos(9),
        TimeUnit.SECONDS.toNanos(1),
        false,
        "PLAINTEXT");
  }

  private PeerLink link(Environment from) {
    EventLoop loop = from.threads().eventLoop("link");
    return (address, request, timeoutNs) -> {
      CompletableFuture<PeerOutcome> outcome = new CompletableFuture<>();
      loop.schedule(LINK_NS, () -> deliver(address.port(), request, outcome));
      loop.schedule(timeoutNs, () -> outcome.complete(new PeerOutcome.Silent("no answer")));
      return outcome;
    };
  }

  private void deliver(int node, PeerRequest request, CompletableFuture<PeerOutcome> outcome) {
    SimulatedMachine machine = machines.get(node);
    if (machine == null || !machine.running()) {
      outcome.complete(new PeerOutcome.Refused("nobody listens"));
      return;
    }
    engine(node)
        .peers()
        .answer(request)
        .thenAccept(reply -> outcome.complete(new PeerOutcome.Answered(reply)));
  }

  StorageEngine engine(int node) {
    return Objects.requireNonNull(engines.get(node), "not started");
  }

  void crash(int node) {
    Objects.requireNonNull(machines.get(node)).crashProcess();
  }

  /** Graceful, all at once. */
  void stop(int... nodes) {
    List<CompletableFuture<Void>> ends =
        Arrays.stream(nodes).mapToObj(node -> engine(node).stop()).toList();
    ends.forEach(this::await);
    Arrays.stream(nodes).forEach(this::crash);
  }

  PartitionId createTopic(int by, String name, int... replicas) {
    Uuid id = new Uuid(7, name.hashCode());
    List<Integer> nodes = Arrays.stream(replicas).boxed().toList();
    commit(by, new TopicCreated(id, name, List.of(nodes), Map.of()));
    return new PartitionId(id, 0);
  }

  MetadataImage commit(int by, MetadataRecord record) {
    Outcome outcome = await(engine(by).metadata().submit(record));
    assertThat(outcome).isInstanceOf(Outcome.Applied.class);
    return ((Outcome.Applied) outcome).image();
  }

  /** Node id of the leader in the image of a broker; -1 without one. */
  int leader(int by, PartitionId id) {
    MetadataImage image = engine(by).metadata().image();
    Partition partition = image.partition(id);
    return partition == null
        ? -1
        : partition
            .leader()
            .map(writer -> Objects.requireNonNull(image.incarnations().get(writer)).nodeId())
            .orElse(-1);
  }

  /** Whether in the image of a broker the partition is led by whom it should be. */
  boolean atRest(int by, PartitionId id) {
    Partition partition = engine(by).metadata().image().partition(id);
    int leader = leader(by, id);
    return partition != null && leader >= 0 && partition.targetLeader().orElse(leader) == leader;
  }

  long checkpointEnd(int by, PartitionId id) {
    return Objects.requireNonNull(engine(by).metadata().image().partition(id))
        .checkpoint()
        .map(Checkpoint::end)
        .orElse(0L);
  }

  void awaitLeader(int by, PartitionId id, int node) {
    until(() -> leader(by, id) == node);
  }

  void until(BooleanSupplier condition) {
    scheduler.runUntil(condition, STEPS_MAX);
    assertThat(scheduler.failures()).isEmpty();
    assertThat(condition.getAsBoolean()).as("comes about").isTrue();
  }

  <T> T await(CompletableFuture<T> future) {
    until(future::isDone);
    return future.join();
  }
}
