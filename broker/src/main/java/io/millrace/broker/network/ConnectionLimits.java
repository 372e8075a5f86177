package io.millrace.broker.network;

import io.millrace.broker.api.Admission;
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
  private volatile @Nullable Admission live;
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

  /** From now on these limits hold, not those of the start. */
  void follow(Admission admission) {
    live = admission;
  }

  private int max() {
    Admission now = live;
    return now == null ? max : now.connectionsMax();
  }

  private int max(InetAddress address) {
    Admission now = live;
    return now == null ? overrides.getOrDefault(address, perIpMax) : now.connectionsMax(address);
  }

  /** How long until the address may connect; 0 if it may, and then it is counted. */
  int refusedForMs(InetAddress address) {
    Admission now = live;
    return now == null ? 0 : now.refusedForMs(address);
  }

  /** Over how many loops connections are spread; 0 if that does not change. */
  int loops() {
    Admission now = live;
    return now == null ? 0 : now.loops();
  }

  /** How long no further connection should be accepted after this one. */
  int pauseMs() {
    Admission now = live;
    return now == null ? 0 : now.pauseMs();
  }

  /** Counts a connection in; if there is a reason against it, tells that and counts nothing. */
  synchronized @Nullable CloseReason enter(InetAddress address) {
    if (total >= max()) {
      return CloseReason.TOO_MANY;
    }
    int before = open.getOrDefault(address, 0);
    if (before >= max(address)) {
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
