package io.millrace.broker.api;

import java.net.InetAddress;

/** Who may connect now. Any thread may call; does not block. */
public interface Admission {
  /** Network loops that new connections are spread over. */
  int loops();

  /** Connections open at once. */
  int connectionsMax();

  /** Connections open at once from the address. */
  int connectionsMax(InetAddress address);

  /**
   * Notes a new connection of the address; above 0 it is one too many in too short a time, and is
   * to be closed, unserved, after so long.
   */
  int refusedForMs(InetAddress address);

  /** Notes a new connection of anybody; above 0 no further one is to be accepted for so long. */
  int pauseMs();
}
