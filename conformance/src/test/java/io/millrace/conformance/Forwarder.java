package io.millrace.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A load balancer of the plain kind: whatever arrives goes to one port of this machine and back,
 * byte for byte.
 */
final class Forwarder implements AutoCloseable {
  private final ServerSocket front;
  private final int backPort;
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();

  private Forwarder(ServerSocket front, int backPort) {
    this.front = front;
    this.backPort = backPort;
  }

  static Forwarder to(int port) throws IOException {
    Forwarder forwarder =
        new Forwarder(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), port);
    Thread.ofVirtual().start(forwarder::accept);
    return forwarder;
  }

  /** For {@code bootstrap.servers}. */
  String address() {
    return "127.0.0.1:" + front.getLocalPort();
  }

  int connections() {
    return open.size() / 2;
  }

  private void accept() {
    try {
      while (true) {
        Socket client = front.accept();
        Socket back = new Socket(InetAddress.getLoopbackAddress(), backPort);
        open.add(client);
        open.add(back);
        Thread.ofVirtual().start(() -> copy(client, back));
        Thread.ofVirtual().start(() -> copy(back, client));
      }
    } catch (IOException closed) {
      // the end of the test
    }
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException closed) {
      // one side went away, and takes the other along
    }
  }

  /** Also cuts every connection. */
  @Override
  public void close() {
    try {
      front.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
