package io.millrace.conformance;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.EnumSet;
import java.util.Set;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** What a broker advertises. */
final class ServedApis {
  private ServedApis() {}

  static Set<ApiKeys> of(String address) throws Exception {
    Set<ApiKeys> served = EnumSet.noneOf(ApiKeys.class);
    try (RawConnection connection = RawConnection.open(address)) {
      connection
          .ask(ApiKeys.API_VERSIONS, 0, new ApiVersionsRequestData(), ApiVersionsResponseData::new)
          .apiKeys()
          .forEach(each -> served.add(ApiKeys.forId(each.apiKey())));
    }
    return served;
  }

  /** Skips the test while the broker cannot do it. */
  static void assumeServed(String address, Set<ApiKeys> needed) throws Exception {
    Set<ApiKeys> missing = EnumSet.copyOf(needed);
    missing.removeAll(of(address));
    assumeTrue(missing.isEmpty(), "this broker does not serve " + missing);
  }
}
