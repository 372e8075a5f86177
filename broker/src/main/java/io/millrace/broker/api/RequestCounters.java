package io.millrace.broker.api;

import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.protocol.ApiKeys;

/** Counts of requests since the start, for whoever shows them. Safe for any thread. */
public final class RequestCounters {
  private final LongAdder[] requests = adders();
  private final LongAdder[] failures = adders();
  private final LongAdder refused = new LongAdder();

  private static LongAdder[] adders() {
    LongAdder[] adders = new LongAdder[ApiKeys.values().length];
    for (int i = 0; i < adders.length; i++) {
      adders[i] = new LongAdder();
    }
    return adders;
  }

  /** Requests handed to the API's handler. */
  public long requests(ApiKeys api) {
    return requests[api.ordinal()].sum();
  }

  /** Requests whose handler failed as a whole. */
  public long failures(ApiKeys api) {
    return failures[api.ordinal()].sum();
  }

  /** Frames that were no request, or one for something not served. */
  public long refused() {
    return refused.sum();
  }

  void onRequest(ApiKeys api) {
    requests[api.ordinal()].increment();
  }

  void onFailure(ApiKeys api) {
    failures[api.ordinal()].increment();
  }

  void onRefused() {
    refused.increment();
  }
}
