package io.millrace.broker.network;

import java.util.Map;

/**
 * Limits of connections and requests.
 *
 * @param threads event loops, shared by all listeners
 * @param requestBytesMax largest frame; a connection that announces a larger one is closed
 * @param connectionsMax connections open at once
 * @param connectionsPerIpMax connections open at once from one address
 * @param connectionsPerIpOverrides other limits for some hosts or addresses
 * @param idleMaxMs a connection on which nothing moves for so long is closed
 * @param queuedBytesMax bytes received and not yet answered, all connections together, from which
 *     on nothing more is read; each connection may be one read beyond it
 * @param partialFrameMaxMs a connection whose unfinished frame does not grow for so long is closed
 * @param inFlightMax requests of one connection that may wait for their answers
 * @param responseBytesMax bytes of answers waiting for one connection to take them, from which on
 *     its requests are not read
 * @param sendBufferBytes SO_SNDBUF, -1 leaves it to the system
 * @param receiveBufferBytes SO_RCVBUF, -1 leaves it to the system
 * @param backlog connections the system keeps waiting to be accepted
 */
public record NetworkSettings(
    int threads,
    int requestBytesMax,
    int connectionsMax,
    int connectionsPerIpMax,
    Map<String, Integer> connectionsPerIpOverrides,
    long idleMaxMs,
    long queuedBytesMax,
    long partialFrameMaxMs,
    int inFlightMax,
    long responseBytesMax,
    int sendBufferBytes,
    int receiveBufferBytes,
    int backlog) {

  /** Kafka's defaults where Kafka has the limit. */
  public static final NetworkSettings DEFAULT =
      new NetworkSettings(
          3,
          100 << 20,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          Map.of(),
          600_000,
          256L << 20,
          30_000,
          64,
          16L << 20,
          100 << 10,
          100 << 10,
          50);

  public NetworkSettings {
    connectionsPerIpOverrides = Map.copyOf(connectionsPerIpOverrides);
    if (threads < 1 || requestBytesMax < 1 || queuedBytesMax < 1 || inFlightMax < 1) {
      throw new IllegalArgumentException("a limit below 1");
    }
  }
}
