package io.millrace.broker.network;

import io.millrace.broker.api.RequestContext;
import java.util.ArrayList;
import java.util.List;

/** What handlers may know of a connection. Safe for any thread. */
final class ClientConnection implements RequestContext.Connection {
  private final String id;
  private final List<Runnable> listeners = new ArrayList<>();
  private volatile String clientSoftware = "unknown";
  private boolean closed;
  private int pauseMs; // on the connection's loop

  ClientConnection(String id) {
    this.id = id;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public String clientSoftware() {
    return clientSoftware;
  }

  @Override
  public void clientSoftware(String nameAndVersion) {
    clientSoftware = nameAndVersion;
  }

  @Override
  public void pauseReading(int forMs) {
    pauseMs = Math.max(pauseMs, forMs);
  }

  /** The pause asked for since the last call. */
  int takePause() {
    int taken = pauseMs;
    pauseMs = 0;
    return taken;
  }

  @Override
  public void onClose(Runnable listener) {
    synchronized (this) {
      if (!closed) {
        listeners.add(listener);
        return;
      }
    }
    listener.run();
  }

  void close() {
    List<Runnable> toRun;
    synchronized (this) {
      closed = true;
      toRun = List.copyOf(listeners);
      listeners.clear();
    }
    toRun.forEach(Runnable::run);
  }
}
