package io.millrace.broker.quota;

import io.millrace.broker.api.RequestContext;
import io.millrace.broker.api.Throttle;
import io.millrace.runtime.Clock;
import java.util.Set;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * Holds clients to their quotas on produced bytes and on the time that network loops spend on their
 * requests; fetched bytes and changes of topics are the handlers' own. What only brokers ask each
 * other is let through.
 */
public final class RequestThrottle implements Throttle {
  private static final Set<ApiKeys> OF_BROKERS = Set.of(ApiKeys.WRITE_TXN_MARKERS);
  private static final short FROM_BROKERS_SINCE = 4;

  private final ClientQuotas quotas;
  private final Clock clock;

  public RequestThrottle(ClientQuotas quotas, Clock clock) {
    this.quotas = quotas;
    this.clock = clock;
  }

  @Override
  public Served onRequest(ApiKeys api, RequestContext context, int requestBytes) {
    boolean exempt =
        quotas.none()
            || OF_BROKERS.contains(api)
            || (api == ApiKeys.ADD_PARTITIONS_TO_TXN && context.version() >= FROM_BROKERS_SINCE);
    return exempt ? Served.FREELY : new Limited(api, context, requestBytes, clock.monotonicNs());
  }

  /** On the connection's loop. */
  private final class Limited implements Served {
    private final ApiKeys api;
    private final RequestContext context;
    private final int requestBytes;
    private final long beganNs;
    private long busyNs;

    Limited(ApiKeys api, RequestContext context, int requestBytes, long beganNs) {
      this.api = api;
      this.context = context;
      this.requestBytes = requestBytes;
      this.beganNs = beganNs;
    }

    @Override
    public void onHandled() {
      busyNs = clock.monotonicNs() - beganNs;
    }

    @Override
    public int waitMs() {
      int waitMs = use(QuotaType.REQUEST, busyNs * 100 / 1e9);
      return api == ApiKeys.PRODUCE
          ? Math.max(waitMs, use(QuotaType.PRODUCE, requestBytes))
          : waitMs;
    }

    private int use(QuotaType type, double amount) {
      return quotas.use(type, context.principal(), context.clientId(), amount);
    }
  }
}
