package io.millrace.simulation;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * A client with one connection to each broker it talks to, opened when it is needed. Asks any
 * broker who leads what, and again whenever that turns out to be wrong. Runs on its own loop.
 */
abstract class Client {
  static final int METADATA_VERSION = 12;
  private static final long PAUSE_NS = TimeUnit.SECONDS.toNanos(50);
  private static final int PAUSE_ONE_IN = 500;

  final String name;
  final EventLoop loop;
  final SplittableRandom random;
  final Clock clock;
  final Ledger ledger;
  final World world;
  private final TreeMap<String, Connection> connections = new TreeMap<>();
  private final Routes routes = new Routes();
  private @Nullable Connection asking;
  private boolean resting;

  /**
   * What all clients of a simulation share.
   *
   * @param newest metadata of the cluster, as nobody but the simulation knows it
   * @param onAcknowledged told of each acknowledged batch
   * @param requestTimeoutNs after which a client gives a connection up
   * @param slowness factor on the time clients take between requests
   */
  record World(
      Network network,
      Checks checks,
      Ledger ledger,
      Clock clock,
      Supplier<MetadataImage> newest,
      Runnable onAcknowledged,
      long requestTimeoutNs,
      int slowness) {

    boolean stands(PartitionId partition) {
      return newest.get().topic(partition.topicId()) != null;
    }

    /** First offset of a partition, 0 if it is not there. */
    long logStart(PartitionId id) {
      Partition partition = newest.get().partition(id);
      return partition == null ? 0 : partition.logStart();
    }
  }

  Client(String name, EventLoop loop, SplittableRandom random, World world) {
    this.name = name;
    this.loop = loop;
    this.random = random;
    this.world = world;
    this.ledger = world.ledger();
    this.clock = world.clock();
  }

  void start() {
    loop.execute(this::act);
  }

  /** Makes no new work from now on, but finishes what it has begun. */
  void rest() {
    resting = true;
  }

  /** Makes new work from now on. */
  void work() {
    resting = false;
  }

  boolean resting() {
    return resting;
  }

  /** Nothing it has begun is unfinished. */
  abstract boolean done();

  /** What it waits for, for a person. */
  abstract String waitsFor();

  /** Begins. */
  abstract void act();

  /** What was in flight on it is neither known to have happened nor not. */
  abstract void onBroken(Connection connection);

  /** To whoever leads the partition, as far as is known; null while that is nobody. */
  final @Nullable Connection leader(PartitionId partition) {
    String address = routes.leader(partition);
    Connection connection = address == null ? null : connection(address);
    if (connection == null) {
      askWhoLeads();
    }
    return connection;
  }

  /** To whoever led the partition before; null if nobody did, or it cannot be reached. */
  final @Nullable Connection formerLeader(PartitionId partition) {
    String address = routes.former(partition);
    return address == null ? null : connection(address);
  }

  /** The epoch of the leader as far as is known, -1 if none is. */
  final int leaderEpoch(PartitionId partition) {
    return routes.leaderEpoch(partition);
  }

  /** To some broker; null if the one tried cannot be reached. */
  final @Nullable Connection any() {
    List<Endpoint> addresses = world.network().addresses();
    return connection(Network.address(addresses.get(random.nextInt(addresses.size()))));
  }

  /** To the broker at an address; null if it cannot be reached. */
  final @Nullable Connection connection(String address) {
    Connection open = connections.get(address);
    if (open != null && open.open()) {
      return open;
    }
    BrokerHost host = world.network().at(address);
    if (host == null || world.network().broken(name, host.name())) {
      return null;
    }
    Connection connection = host.connect(world, name, loop, this::disconnected);
    if (connection != null) {
      connections.put(address, connection);
    }
    return connection;
  }

  final void send(
      Connection connection,
      ApiMessage request,
      int version,
      Consumer<ApiMessage> onAnswered,
      Consumer<ApiMessage> onReply) {
    connection.send(request, (short) version, onAnswered, onReply);
  }

  final void send(
      Connection connection, ApiMessage request, int version, Consumer<ApiMessage> onReply) {
    send(connection, request, version, answer -> {}, onReply);
  }

  final void later(long delayMs, Runnable task) {
    loop.schedule(delayMs * 1_000_000 * world.slowness(), task);
  }

  /**
   * Now and then, while there is work: its process was stopped for longer than any session, and
   * then goes on as if nothing had happened. Answers are heard meanwhile.
   */
  final boolean pauses(Runnable next) {
    boolean pauses = !resting && random.nextInt(PAUSE_ONE_IN) == 0;
    if (pauses) {
      loop.schedule(PAUSE_NS, next);
    }
    return pauses;
  }

  /** Asks any broker for the leaders of all partitions, unless it is asking already. */
  final void askWhoLeads() {
    if (asking != null) {
      return;
    }
    Connection connection = any();
    if (connection != null) {
      asking = connection;
      send(
          connection,
          new MetadataRequestData().setTopics(null).setAllowAutoTopicCreation(false),
          METADATA_VERSION,
          answer -> {
            asking = null;
            routes.learn((MetadataResponseData) answer);
          });
    }
  }

  private void disconnected(Connection connection) {
    connections.remove(connection.address(), connection);
    if (connection.equals(asking)) {
      asking = null;
    }
    onBroken(connection);
    askWhoLeads(); // the one that is silent may not lead any more, and would accept connections
  }

  /** All partitions clients know. */
  final List<PartitionLedger> partitions() {
    List<PartitionLedger> partitions = new ArrayList<>();
    ledger.topics().forEach(topic -> partitions.addAll(topic.partitions()));
    return partitions;
  }
}
