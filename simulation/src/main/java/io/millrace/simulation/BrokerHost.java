package io.millrace.simulation;

import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The machine a broker runs on, its processes one after another, and the connections to the present
 * one.
 */
final class BrokerHost {
  static final Path DATA = Path.of("/data");

  private final String name;
  private final Endpoint address;
  private final SimulatedMachine machine;
  private final BrokerProcess.Starter starter;
  private final List<Connection> connections = new ArrayList<>();
  private @Nullable Environment environment;
  private @Nullable EventLoop peerLoop;
  private @Nullable CompletableFuture<BrokerProcess> starting;
  private int starts;
  private int connectionNumber;

  BrokerHost(
      String name, Endpoint address, SimulatedMachine machine, BrokerProcess.Starter starter) {
    this.name = name;
    this.address = address;
    this.machine = machine;
    this.starter = starter;
  }

  String name() {
    return name;
  }

  Endpoint address() {
    return address;
  }

  SimulatedMachine machine() {
    return machine;
  }

  int starts() {
    return starts;
  }

  /** Begins a process. */
  void start() {
    Environment begun = machine.startProcess();
    CompletableFuture<BrokerProcess> future = new CompletableFuture<>();
    environment = begun;
    peerLoop = begun.threads().eventLoop("peers");
    starting = future;
    starts++;
    begun
        .threads()
        .eventLoop("main")
        .execute(() ->
            starter
                .start(begun)
                .whenComplete((process, failure) -> {
                  if (failure == null) {
                    future.complete(process);
                  } else {
                    future.completeExceptionally(failure);
                  }
                }));
  }

  /** Runs a task of the present process, which serves other brokers. */
  void onPeerLoop(Runnable task) {
    EventLoop present = peerLoop;
    if (present != null) {
      present.execute(task);
    }
  }

  /** The broker that takes requests now; null while there is none. */
  @Nullable BrokerProcess process() {
    CompletableFuture<BrokerProcess> begun = starting;
    return begun == null
            || !machine.running()
            || !begun.isDone()
            || begun.isCompletedExceptionally()
        ? null
        : begun.getNow(null);
  }

  /** Why the present process refused to start or ended; null while it does neither. */
  @Nullable Throwable ended() {
    CompletableFuture<BrokerProcess> begun = starting;
    if (begun == null || !machine.running()) {
      return null;
    }
    if (begun.isCompletedExceptionally()) {
      return begun.exceptionNow();
    }
    BrokerProcess process = process();
    return process == null ? null : process.failure().getNow(null);
  }

  boolean lives(BrokerProcess process) {
    return process.equals(process());
  }

  /** Null if nobody listens. */
  @Nullable Connection connect(
      Client.World world,
      String client,
      EventLoop clientLoop,
      Consumer<Connection> onDisconnected) {
    BrokerProcess process = process();
    Environment current = environment;
    if (process == null || current == null || !process.listens()) {
      return null;
    }
    String id = name + "/connection-" + connectionNumber++;
    connections.removeIf(connection -> !connection.open());
    Connection connection =
        new Connection(
            id,
            client,
            this,
            process,
            current.threads().eventLoop(id),
            clientLoop,
            world,
            onDisconnected);
    connections.add(connection);
    return connection;
  }

  List<Connection> connections() {
    return connections;
  }

  /** The process is gone, its page cache is not. */
  void crashProcess() {
    machine.crashProcess();
    breakOff();
  }

  void losePower() {
    machine.losePower();
    breakOff();
  }

  /**
   * Closes what clients are connected to and lets the broker finish; {@code onExit} runs when the
   * process would end.
   */
  void stop(Runnable onExit) {
    BrokerProcess process = process();
    if (process == null) {
      throw new IllegalStateException("no broker to stop");
    }
    breakOff();
    process.stop().whenComplete((done, failure) -> onExit.run());
  }

  /** The broker closes all connections, as its incarnation is over. */
  void closeConnections() {
    connections.forEach(Connection::close);
    connections.clear();
  }

  private void breakOff() {
    starting = null;
    connections.forEach(Connection::breakOff);
    connections.clear();
  }
}
