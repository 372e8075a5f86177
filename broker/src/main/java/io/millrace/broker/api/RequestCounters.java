package io.millrace.broker.api;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.protocol.ApiKeys;

/** Counts of requests since the start, for whoever shows them. Safe for any thread. */
public final class RequestCounters {
  private final Map<ApiKeys, LongAdder> requests = adders();
  private final Map<ApiKeys, LongAdder> failures = adders();
  private final LongAdder refused = new LongAdder();

  private static Map<ApiKeys, LongAdder> adders() {
    Map<ApiKeys, LongAdder> adders = new EnumMap<>(ApiKeys.class);
    for (ApiKeys api : ApiKeys.values()) {
      adders.put(api, new LongAdder());
    }
    return adders;
  }

  private static LongAdder of(Map<ApiKeys, LongAdder> adders, ApiKeys api) {
    return Objects.requireNonNull(adders.get(api));
  }

  /** Requests handed to the API's handler. */
  public long requests(ApiKeys api) {
    return of(requests, api).sum();
  }

  /** Requests whose handler failed as a whole. */
  public long failures(ApiKeys api) {
    return of(failures, api).sum();
  }

  /** Frames that were no request, or one for something not served. */
  public long refused() {
    return refused.sum();
  }

  void onRequest(ApiKeys api) {
    of(requests, api).increment();
  }

  void onFailure(ApiKeys api) {
    of(failures, api).increment();
  }

  void onRefused() {
    refused.increment();
  }
}
