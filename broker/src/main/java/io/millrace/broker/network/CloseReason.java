package io.millrace.broker.network;

/** Why the broker closed a connection, or the client did. */
public enum CloseReason {
  /** The client closed it, or the network broke it. */
  PEER("the peer closed it", false),
  /** The broker stops. */
  STOP("the broker stops", false),
  /** The broker began a new life: what it owed belongs to the former one. */
  INCARNATION_OVER("the broker's incarnation is over", false),
  NOT_SERVING("the broker is not serving clients yet", false),
  IDLE("nothing moved within connections.max.idle.ms", false),
  TOO_MANY("max.connections are open", true),
  TOO_MANY_PER_IP("max.connections.per.ip are open from its address", true),
  TOO_MANY_NEW_PER_IP("connection_creation_rate of its address is exceeded", true),
  FRAME_SIZE("a request announces a size that is negative or above socket.request.max.bytes", true),
  PARTIAL_FRAME("a request was left unfinished", true),
  SLOW_READER("the client does not read its responses", true),
  REFUSED("a request cannot be served", true),
  FAILURE("serving it failed", true);

  private final String text;
  private final boolean told;

  CloseReason(String text, boolean told) {
    this.text = text;
    this.told = told;
  }

  String text() {
    return text;
  }

  /** Worth a log line. */
  boolean told() {
    return told;
  }
}
