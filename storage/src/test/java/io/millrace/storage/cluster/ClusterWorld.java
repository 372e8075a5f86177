package io.millrace.storage.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObservedStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedRandomness;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.Registration;
import io.millrace.storage.metadata.StoredMetadataLog;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;

/** Brokers of one cluster in virtual time: a shared store, a network whose links can be broken. */
final class ClusterWorld {
  static final ClusterSettings SETTINGS =
      new ClusterSettings(seconds(2), seconds(9), seconds(1), true, "INTERNAL");
  private static final long DELAY_NS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long STEPS_MAX = 3_000_000;

  final SimulatedScheduler scheduler;
  final Clock clock;
  final List<Node> nodes = new ArrayList<>();

  /** Pairs of ports between which nothing arrives. */
  final Set<Set<Integer>> broken = new HashSet<>();

  /** Calls that find nobody listening though somebody is. */
  int refusals;

  /** Asked about suspects so far. */
  int questions;

  /** Questions about suspects that fail in the asking broker itself. */
  int questionsThatFail;

  private final EventLoop network;
  private final ObjectStore store = new MemoryStore();
  private final Map<Integer, Node> ports = new HashMap<>();
  private int nextPort = 9001;

  ClusterWorld(long seed) {
    this.scheduler = new SimulatedScheduler(seed);
    this.clock = new SimulatedClock(scheduler);
    this.network = new SimulatedThreads(scheduler, "network").eventLoop("network");
  }

  static long seconds(long seconds) {
    return TimeUnit.SECONDS.toNanos(seconds);
  }

  /** One life of a broker. */
  final class Node {
    final SimulatedProcess process;
    final DistantStore way = new DistantStore(store, network);
    final ObservedStore observed = new ObservedStore(way, clock, SETTINGS.sessionTimeoutNs() / 2);
    final int port = nextPort++;
    final MetadataLog metadata;
    final List<WriterId> takenOver = new ArrayList<>();
    private final List<ClusterNode> joined = new ArrayList<>();
    Function<WriterId, CompletableFuture<Void>> takeover = this::recover;
    private PeerService service =
        _ -> CompletableFuture.completedFuture(new PeerReply.Declined("not registered yet"));

    Node() {
      process = new SimulatedProcess(scheduler, "broker" + port);
      ports.put(port, this);
      SimulatedRandomness random = new SimulatedRandomness(scheduler.fork());
      WriterId writer = new WriterId(random.nextLong(), random.nextLong());
      metadata =
          await(
              StoredMetadataLog.load(
                  observed,
                  process.eventLoop("metadata"),
                  clock,
                  random,
                  writer,
                  new BoundarySpacing(1000),
                  new PeerScribe(writer, clock, link(), SETTINGS)));
    }

    PeerLink link() {
      return (address, request, timeoutNs) -> call(this, address, request, timeoutNs);
    }

    CompletableFuture<Registration> claim(OptionalInt nodeId) {
      return new NodeIds(metadata, link(), SETTINGS)
          .claim(
              new NodeIds.Claim(
                  nodeId,
                  List.of(
                      new Endpoint("CLIENTS", "nowhere", 1, "PLAINTEXT"),
                      new Endpoint("INTERNAL", "host", port, "PLAINTEXT")),
                  Optional.empty(),
                  "test"),
              new Uuid(1, 1));
    }

    Node joined() {
      ClusterNode node =
          new ClusterNode(
              metadata,
              clock,
              process.eventLoop("cluster"),
              link(),
              SETTINGS,
              observed,
              writer -> {
                takenOver.add(writer);
                return takeover.apply(writer);
              });
      service = node;
      joined.add(node);
      node.start();
      nodes.add(this);
      return this;
    }

    /** Closes what {@link #joined} started; the metadata log stays. */
    void leave() {
      joined.forEach(ClusterNode::close);
    }

    WriterId writer() {
      return metadata.writer();
    }

    Incarnation own() {
      return Objects.requireNonNull(metadata.image().incarnations().get(writer()));
    }

    private CompletableFuture<Void> recover(WriterId writer) {
      Incarnation ended = Objects.requireNonNull(metadata.image().incarnations().get(writer));
      return metadata
          .submit(new IncarnationRecovered(writer, ended.trim(), ended.trim(), List.of()))
          .thenApply(_ -> null);
    }
  }

  /** A process whose incarnation is not registered yet. */
  Node process() {
    return new Node();
  }

  Node start(int nodeId) {
    Node node = process();
    await(node.claim(OptionalInt.of(nodeId)));
    return node.joined();
  }

  List<Node> start(int firstId, int lastId) {
    List<Node> started = new ArrayList<>();
    for (int id = firstId; id <= lastId; id++) {
      started.add(start(id));
    }
    return started;
  }

  void kill(Node node) {
    node.process.kill();
    ports.remove(node.port);
  }

  /** From now on the process listens at another's former port too. */
  void moveTo(Node node, int port) {
    ports.put(port, node);
  }

  void breakLink(Node a, Node b) {
    broken.add(Set.of(a.port, b.port));
  }

  void applied(Node by, MetadataRecord record) {
    assertThat(await(by.metadata.submit(record))).isInstanceOf(MetadataLog.Outcome.Applied.class);
  }

  /** As an incarnation's fate stands in the store. */
  IncarnationState state(Node node) {
    Node reader = process();
    MetadataImage image = reader.metadata.image();
    ports.remove(reader.port);
    return image.recoveredEnd(node.writer()).isPresent()
        ? IncarnationState.RECOVERED
        : Objects.requireNonNull(image.incarnations().get(node.writer())).state();
  }

  void runFor(long durationNs) {
    scheduler.runFor(durationNs);
    assertThat(scheduler.failures()).isEmpty();
  }

  <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, STEPS_MAX)).isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  private CompletableFuture<PeerOutcome> call(
      Node from, Endpoint address, PeerRequest request, long timeoutNs) {
    CompletableFuture<PeerOutcome> outcome = new CompletableFuture<>();
    byte[] bytes = PeerCodec.encode(request);
    if (request instanceof PeerRequest.Suspect) {
      questions++;
      if (questionsThatFail > 0) {
        questionsThatFail--;
        return CompletableFuture.failedFuture(new IllegalStateException("cannot be sent"));
      }
    }
    network.schedule(timeoutNs, () -> outcome.complete(new PeerOutcome.Silent("no answer")));
    network.schedule(
        DELAY_NS,
        () -> {
          Node to = ports.get(address.port());
          if (broken.contains(Set.of(from.port, address.port()))) {
            return;
          }
          if (to == null || refusals > 0) {
            refusals = Math.max(0, refusals - 1);
            outcome.complete(new PeerOutcome.Refused("nobody listens"));
            return;
          }
          to.service
              .answer(PeerCodec.decodeRequest(ByteBuffer.wrap(bytes)))
              .thenAccept(reply -> answered(outcome, PeerCodec.encode(reply)));
        });
    return outcome;
  }

  private void answered(CompletableFuture<PeerOutcome> outcome, byte[] reply) {
    network.schedule(
        DELAY_NS,
        () ->
            outcome.complete(
                new PeerOutcome.Answered(PeerCodec.decodeReply(ByteBuffer.wrap(reply)))));
  }
}
