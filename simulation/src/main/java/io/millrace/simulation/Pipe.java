package io.millrace.simulation;

import java.util.ArrayDeque;
import java.util.Deque;

/** One direction of a connection: what goes in comes out in the same order. */
final class Pipe {
  private final Network network;
  private final String from;
  private final String to;
  private final Deque<Runnable> underWay = new ArrayDeque<>();

  Pipe(Network network, String from, String to) {
    this.network = network;
    this.from = from;
    this.to = to;
  }

  void send(Runnable arrival) {
    long delayNs = network.delayNs(from, to);
    underWay.addLast(arrival);
    network.after(delayNs, this::arrive);
  }

  /** As many arrive as have been sent; whichever is through first, the oldest comes out. */
  private void arrive() {
    underWay.removeFirst().run();
  }
}
