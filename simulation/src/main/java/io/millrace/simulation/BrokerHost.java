package io.millrace.simulation;

import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The machine the broker runs on, its lives one after another, and the connections to the present
 * one.
 */
final class BrokerHost {
  static final Path DATA = Path.of("/data");

  private final SimulatedMachine machine;
  private final BrokerProcess.Starter starter;
  private final SplittableRandom random;
  private final List<Connection> connections = new ArrayList<>();
  private @Nullable Environment environment;
  private @Nullable CompletableFuture<BrokerProcess> starting;
  private int starts;
  private int connectionNumber;
  private int lossPerMille;
  private @Nullable Throwable violation;

  BrokerHost(SimulatedMachine machine, BrokerProcess.Starter starter, SplittableRandom random) {
    this.machine = machine;
    this.starter = starter;
    this.random = random;
  }

  SimulatedMachine machine() {
    return machine;
  }

  int starts() {
    return starts;
  }

  /** Chance of each request and each reply to break its connection. */
  void lossPerMille(int value) {
    lossPerMille = value;
  }

  /** Begins a life. */
  void start() {
    Environment begun = machine.startProcess();
    CompletableFuture<BrokerProcess> future = new CompletableFuture<>();
    environment = begun;
    starting = future;
    starts++;
    begun
        .threads()
        .eventLoop("main")
        .execute(() ->
            starter
                .start(begun, DATA)
                .whenComplete((process, failure) -> {
                  if (failure == null) {
                    future.complete(process);
                  } else {
                    future.completeExceptionally(failure);
                  }
                }));
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

  /** Why the present life refused to start or ended; null while it does neither. */
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

  /** Null if the broker does not listen. */
  @Nullable Connection connect(EventLoop clientLoop, Runnable onDisconnected) {
    BrokerProcess process = process();
    Environment current = environment;
    if (process == null || current == null) {
      return null;
    }
    String id = "connection-" + connectionNumber++;
    connections.removeIf(connection -> !connection.open());
    Connection connection =
        new Connection(
            id,
            this,
            process,
            current.threads().eventLoop(id),
            clientLoop,
            random,
            lossPerMille,
            onDisconnected);
    connections.add(connection);
    return connection;
  }

  List<Connection> connections() {
    return connections;
  }

  /** Runs a check; broker code around it must not swallow what it throws. */
  void check(Runnable check) {
    try {
      check.run();
    } catch (RuntimeException e) {
      if (violation == null) {
        violation = e;
      }
    }
  }

  @Nullable Throwable violation() {
    return violation;
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

  private void breakOff() {
    starting = null;
    connections.forEach(Connection::breakOff);
    connections.clear();
  }
}
