package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Limits of connections and requests. */
public final class NetworkKeys {
  public static final ConfigKey<Integer> NUM_NETWORK_THREADS =
      int32("num.network.threads", 3)
          .atLeast(1)
          .clusterWide()
          .inForce(
              "Threads that serve connections, shared by all listeners; a running broker takes up to"
                  + " twice what it was started with.");
  public static final ConfigKey<Integer> SOCKET_SEND_BUFFER_BYTES =
      int32("socket.send.buffer.bytes", 102400)
          .inForce("SO_SNDBUF of client connections; -1 leaves it to the operating system.");
  public static final ConfigKey<Integer> SOCKET_RECEIVE_BUFFER_BYTES =
      int32("socket.receive.buffer.bytes", 102400)
          .inForce("SO_RCVBUF of client connections; -1 leaves it to the operating system.");
  public static final ConfigKey<Integer> SOCKET_REQUEST_MAX_BYTES =
      int32("socket.request.max.bytes", 104857600)
          .atLeast(1)
          .inForce("Largest request; a connection that announces a larger one is closed.");
  public static final ConfigKey<Integer> SOCKET_LISTEN_BACKLOG_SIZE =
      int32("socket.listen.backlog.size", 50)
          .atLeast(1)
          .inForce("Connections the operating system keeps waiting to be accepted.");
  public static final ConfigKey<Integer> MAX_CONNECTIONS =
      int32("max.connections", Integer.MAX_VALUE)
          .atLeast(0)
          .clusterWide()
          .inForce("Connections open at once, all listeners together.");
  public static final ConfigKey<Integer> MAX_CONNECTIONS_PER_IP =
      int32("max.connections.per.ip", Integer.MAX_VALUE)
          .atLeast(0)
          .clusterWide()
          .inForce("Connections open at once from one address.");
  public static final ConfigKey<String> MAX_CONNECTIONS_PER_IP_OVERRIDES =
      text("max.connections.per.ip.overrides", "")
          .clusterWide()
          .inForce("Other limits for some addresses: HOST:COUNT,HOST:COUNT.");
  public static final ConfigKey<Integer> MAX_CONNECTION_CREATION_RATE =
      int32("max.connection.creation.rate", Integer.MAX_VALUE)
          .atLeast(0)
          .clusterWide()
          .inForce("New connections per second, all listeners together; others wait.");
  public static final ConfigKey<Long> CONNECTIONS_MAX_IDLE_MS =
      int64("connections.max.idle.ms", 600000)
          .inForce("A connection without requests for so long is closed.");
  public static final ConfigKey<Long> QUEUED_MAX_REQUEST_BYTES =
      int64("queued.max.request.bytes", -1)
          .inForce(
              "Bytes of requests read and not yet answered; while there are more, connections are"
                  + " not read. There is always a limit: -1 stands for network.queued.bytes.max.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          NUM_NETWORK_THREADS,
          SOCKET_SEND_BUFFER_BYTES,
          SOCKET_RECEIVE_BUFFER_BYTES,
          SOCKET_REQUEST_MAX_BYTES,
          SOCKET_LISTEN_BACKLOG_SIZE,
          MAX_CONNECTIONS,
          MAX_CONNECTIONS_PER_IP,
          MAX_CONNECTIONS_PER_IP_OVERRIDES,
          MAX_CONNECTION_CREATION_RATE,
          CONNECTIONS_MAX_IDLE_MS,
          QUEUED_MAX_REQUEST_BYTES);

  private NetworkKeys() {}
}
