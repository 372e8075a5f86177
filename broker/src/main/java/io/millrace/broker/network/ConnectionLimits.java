package io.millrace.broker.network;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts open connections per address against the limits. Safe for any thread. */
final class ConnectionLimits {
  private final int max;
  private final int perIpMax;
  private final Map<InetAddress, Integer> overrides = new HashMap<>();
  private final Map<InetAddress, Integer> open = new HashMap<>();
  private int total;

  ConnectionLimits(NetworkSettings settings) throws UnknownHostException {
    this.max = settings.connectionsMax();
    this.perIpMax = settings.connectionsPerIpMax();
    for (Map.Entry<String, Integer> limit : settings.connectionsPerIpOverrides().entrySet()) {
      for (InetAddress address : InetAddress.getAllByName(limit.getKey())) {
        overrides.put(address, limit.getValue());
      }
    }
  }

  /** Counts a connection in; if there is a reason against it, tells that and counts nothing. */
  synchronized @Nullable CloseReason enter(InetAddress address) {
    if (total >= max) {
      return CloseReason.TOO_MANY;
    }
    int before = open.getOrDefault(address, 0);
    if (before >= overrides.getOrDefault(address, perIpMax)) {
      return CloseReason.TOO_MANY_PER_IP;
    }
    open.put(address, before + 1);
    total++;
    return null;
  }

  synchronized void leave(InetAddress address) {
    open.computeIfPresent(address, (a, count) -> count == 1 ? null : count - 1);
    total--;
  }
}
