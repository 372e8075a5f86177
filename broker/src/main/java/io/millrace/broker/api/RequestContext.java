package io.millrace.broker.api;

import java.net.InetSocketAddress;

/**
 * Who asks, and over what.
 *
 * @param version version of the request
 * @param clientId as sent, "" if none
 * @param listener name of the listener the connection came in on; answers name addresses of the
 *     same listener
 * @param client peer address
 * @param principal "User:NAME"
 * @param arrivalNs monotonic time the request was complete
 */
public record RequestContext(
    short version,
    int correlationId,
    String clientId,
    String listener,
    InetSocketAddress client,
    String principal,
    long arrivalNs,
    Connection connection) {

  /** What outlives a request on its connection (fetch sessions do not: they have their own id). */
  public interface Connection {
    String id();

    /** Client software name and version, from ApiVersions; "unknown" until told. */
    String clientSoftware();

    void clientSoftware(String nameAndVersion);

    /**
     * No further request is read for so long after the answer under way. On the connection's loop.
     */
    default void pauseReading(int forMs) {}

    /** Runs when the connection closes, at once if it has. */
    void onClose(Runnable listener);
  }
}
