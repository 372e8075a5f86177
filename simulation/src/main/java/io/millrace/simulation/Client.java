package io.millrace.simulation;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * A client with one connection at a time that it opens again whenever it breaks. Runs on its own
 * loop.
 */
abstract class Client {
  final String name;
  final EventLoop loop;
  final SplittableRandom random;
  final Clock clock;
  final Ledger ledger;
  private final BrokerHost host;
  private @Nullable Connection connection;
  final Runnable onAcknowledged;
  private boolean resting;

  /** What all clients of a simulation share. */
  record World(BrokerHost host, Ledger ledger, Clock clock, Runnable onAcknowledged) {}

  Client(String name, EventLoop loop, SplittableRandom random, World world) {
    this.name = name;
    this.loop = loop;
    this.random = random;
    this.host = world.host();
    this.ledger = world.ledger();
    this.clock = world.clock();
    this.onAcknowledged = world.onAcknowledged();
  }

  void start() {
    loop.execute(this::connect);
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

  /** The connection stands; nothing is in flight. */
  abstract void onConnected();

  /** What was in flight is neither known to have happened nor not. */
  abstract void onBroken();

  final boolean connected() {
    return connection != null && connection.open();
  }

  final void send(
      ApiMessage request,
      int version,
      Consumer<ApiMessage> onAnswered,
      Consumer<ApiMessage> onReply) {
    if (connection != null) {
      connection.send(request, (short) version, onAnswered, onReply);
    }
  }

  final void send(ApiMessage request, int version, Consumer<ApiMessage> onReply) {
    send(request, version, answer -> {}, onReply);
  }

  final void later(long delayMs, Runnable task) {
    loop.schedule(delayMs * 1_000_000, task);
  }

  private void connect() {
    connection = host.connect(loop, this::disconnected);
    if (connection == null) {
      later(20 + random.nextInt(100), this::connect);
    } else {
      onConnected();
    }
  }

  private void disconnected() {
    connection = null;
    onBroken();
    later(1 + random.nextInt(50), this::connect);
  }
}
