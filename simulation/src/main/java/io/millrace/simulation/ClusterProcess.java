package io.millrace.simulation;

import io.millrace.broker.BrokerCore;
import io.millrace.broker.BrokerLives;
import io.millrace.broker.api.Caller;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.protocol.EncodedResponse;
import io.millrace.runtime.Environment;
import io.millrace.storage.cluster.ClusterSettings;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.log.SharedSettings;
import io.millrace.storage.log.StorageSettings;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataCorruptException;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.NewerVersionException;
import io.millrace.storage.wal.ObjectWalSettings;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A broker of many on a shared store, with its lives one after another and all that is in a process
 * but the sockets; with intervals and sizes so small that everything happens all the time.
 */
final class ClusterProcess implements BrokerProcess, BrokerLives.Doors {
  private final Environment environment;
  private final Member member;
  private final BrokerLives lives;
  private @Nullable BrokerCore born;
  private @Nullable Dispatcher dispatcher;
  private @Nullable MetadataLog metadata;

  private ClusterProcess(Environment environment, Member member) {
    this.environment = environment;
    this.member = member;
    this.lives =
        new BrokerLives(
            environment.threads().eventLoop("lives"),
            environment.clock(),
            this::birth,
            this,
            cause ->
                cause instanceof MetadataCorruptException
                    || cause instanceof NewerVersionException);
  }

  static CompletableFuture<BrokerProcess> start(Environment environment, Member member) {
    ClusterProcess process = new ClusterProcess(environment, member);
    return process.lives.start().thenApply(_ -> process);
  }

  private BrokerCore birth() {
    BrokerCore core =
        BrokerCore.onSharedStore(
            environment,
            BrokerConfig.of(
                Map.of(
                    "node.id",
                    Integer.toString(member.nodeId()),
                    "offsets.topic.num.partitions",
                    "3",
                    "transaction.state.log.num.partitions",
                    "3",
                    "group.initial.rebalance.delay.ms",
                    "500")),
            member.store(),
            settings(),
            shared(),
            member.peers(),
            member.brokers(),
            List.of(member.address()),
            "simulation",
            LoggerLevels.NONE);
    born = core;
    return core;
  }

  private static StorageSettings settings() {
    return new StorageSettings(
        160 << 10,
        512 << 10,
        64 << 10,
        1 << 20,
        512 << 10,
        1_800_000,
        5_000,
        4_000,
        2,
        new BoundarySpacing(8),
        3_000);
  }

  private static SharedSettings shared() {
    return new SharedSettings(
        "simulated",
        new ObjectWalSettings(
            TimeUnit.MILLISECONDS.toNanos(10),
            2,
            8 << 10,
            64 << 10,
            8 << 10,
            TimeUnit.MILLISECONDS.toNanos(150),
            8,
            32 << 10,
            TimeUnit.MILLISECONDS.toNanos(500),
            64),
        new ClusterSettings(
            TimeUnit.SECONDS.toNanos(2),
            TimeUnit.SECONDS.toNanos(9),
            TimeUnit.SECONDS.toNanos(1),
            true,
            "PLAINTEXT"));
  }

  @Override
  public void open(Dispatcher opened) {
    dispatcher = opened;
    metadata = Objects.requireNonNull(born, "opened before it was born").storage().metadata();
  }

  @Override
  public void close() {
    dispatcher = null;
    member.closeConnections().run();
  }

  @Override
  public boolean listens() {
    return dispatcher != null;
  }

  @Override
  public CompletableFuture<@Nullable EncodedResponse> dispatch(Caller caller, ByteBuffer frame) {
    Dispatcher present = dispatcher;
    return present == null
        ? new CompletableFuture<>()
        : present.dispatch(frame, caller, environment.clock().monotonicNs());
  }

  @Override
  public MetadataLog metadata() {
    MetadataLog present = metadata;
    if (present == null) {
      throw new IllegalStateException("the broker has not started");
    }
    return present;
  }

  @Override
  public PeerService peers() {
    return lives;
  }

  @Override
  public CompletableFuture<Throwable> failure() {
    return lives.failure();
  }

  @Override
  public CompletableFuture<Void> stop() {
    return lives.stop();
  }
}
