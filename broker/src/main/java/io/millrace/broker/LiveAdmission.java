package io.millrace.broker;

import io.millrace.broker.api.Admission;
import io.millrace.broker.config.HostLimits;
import io.millrace.broker.config.LiveConfig;
import io.millrace.broker.config.NetworkKeys;
import io.millrace.broker.quota.ClientQuotas;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may connect, by the broker's configuration as it is now and by the quotas on new connections.
 * Names of hosts are looked up aside, when the limits that name them change.
 */
final class LiveAdmission implements Admission {
  private static final Logger LOG = LoggerFactory.getLogger(LiveAdmission.class);

  private final LiveConfig config;
  private final ClientQuotas quotas;
  private final Executor blocking;
  private volatile Overrides overrides = new Overrides("", Map.of());

  /** Limits of some addresses, from this text. */
  private record Overrides(String text, Map<InetAddress, Integer> limits) {}

  LiveAdmission(LiveConfig config, ClientQuotas quotas, Executor blocking) {
    this.config = config;
    this.quotas = quotas;
    this.blocking = blocking;
  }

  @Override
  public int loops() {
    return config.get(NetworkKeys.NUM_NETWORK_THREADS);
  }

  @Override
  public int connectionsMax() {
    return config.get(NetworkKeys.MAX_CONNECTIONS);
  }

  @Override
  public int connectionsMax(InetAddress address) {
    String text = config.get(NetworkKeys.MAX_CONNECTIONS_PER_IP_OVERRIDES);
    Overrides known = overrides;
    if (!known.text().equals(text)) {
      Overrides old = new Overrides(text, known.limits());
      overrides = old; // the old limits hold until the new ones are looked up, which is tried once
      lookUp(text);
    }
    Integer own = known.limits().get(address);
    return own != null ? own : config.get(NetworkKeys.MAX_CONNECTIONS_PER_IP);
  }

  private void lookUp(String text) {
    try {
      blocking.execute(() -> {
        Map<InetAddress, Integer> limits = new HashMap<>();
        for (HostLimits.Entry entry : HostLimits.parse(text)) {
          try {
            for (InetAddress address : InetAddress.getAllByName(entry.host())) {
              limits.put(address, entry.limit());
            }
          } catch (UnknownHostException e) {
            LOG.warn(
                "max.connections.per.ip.overrides names the unknown host {}, which has no limit of"
                    + " its own until the key is set again",
                entry.host());
          }
        }
        overrides = new Overrides(text, Map.copyOf(limits));
      });
    } catch (RejectedExecutionException full) {
      overrides = new Overrides("", overrides.limits()); // again with the next connection
    }
  }

  @Override
  public int refusedForMs(InetAddress address) {
    return quotas.connect(address.getHostAddress());
  }

  @Override
  public int pauseMs() {
    return quotas.accept(config.get(NetworkKeys.MAX_CONNECTION_CREATION_RATE));
  }
}
