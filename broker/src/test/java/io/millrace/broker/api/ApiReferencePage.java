package io.millrace.broker.api;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/**
 * Writes docs/reference/kafka-api.md from the handlers and what Kafka's own classes say a broker
 * advertises.
 */
final class ApiReferencePage {
  private static final String ACLS = "Comes with ACLs; so far every client may do everything.";
  private static final String SASL = "Comes with SASL; listeners are PLAINTEXT so far.";
  private static final String TOKENS = "Comes with SASL and delegation tokens.";
  private static final String QUORUM =
      "There is no quorum: metadata is a log of objects in the store.";
  private static final String SHARE = "Comes with share groups.";
  private static final String STREAMS = "Comes with streams groups (KIP-1071).";
  private static final String TELEMETRY = "Comes with client metrics.";

  private static final Map<ApiKeys, String> REASONS = reasons();

  private ApiReferencePage() {}

  private static Map<ApiKeys, String> reasons() {
    Map<ApiKeys, String> r = new EnumMap<>(ApiKeys.class);
    put(r, ACLS, ApiKeys.DESCRIBE_ACLS, ApiKeys.CREATE_ACLS, ApiKeys.DELETE_ACLS);
    put(r, SASL, ApiKeys.SASL_HANDSHAKE, ApiKeys.SASL_AUTHENTICATE);
    put(r, SASL, ApiKeys.ALTER_USER_SCRAM_CREDENTIALS);
    put(r, TOKENS, ApiKeys.CREATE_DELEGATION_TOKEN, ApiKeys.RENEW_DELEGATION_TOKEN);
    put(r, TOKENS, ApiKeys.EXPIRE_DELEGATION_TOKEN, ApiKeys.DESCRIBE_DELEGATION_TOKEN);
    put(r, QUORUM, ApiKeys.ADD_RAFT_VOTER, ApiKeys.REMOVE_RAFT_VOTER);
    put(r, SHARE, ApiKeys.SHARE_GROUP_HEARTBEAT, ApiKeys.SHARE_GROUP_DESCRIBE, ApiKeys.SHARE_FETCH);
    put(r, SHARE, ApiKeys.SHARE_ACKNOWLEDGE, ApiKeys.INITIALIZE_SHARE_GROUP_STATE);
    put(r, SHARE, ApiKeys.READ_SHARE_GROUP_STATE, ApiKeys.WRITE_SHARE_GROUP_STATE);
    put(r, SHARE, ApiKeys.DELETE_SHARE_GROUP_STATE, ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY);
    put(r, SHARE, ApiKeys.DESCRIBE_SHARE_GROUP_OFFSETS, ApiKeys.ALTER_SHARE_GROUP_OFFSETS);
    put(r, SHARE, ApiKeys.DELETE_SHARE_GROUP_OFFSETS);
    put(r, STREAMS, ApiKeys.STREAMS_GROUP_HEARTBEAT, ApiKeys.STREAMS_GROUP_DESCRIBE);
    put(r, TELEMETRY, ApiKeys.GET_TELEMETRY_SUBSCRIPTIONS, ApiKeys.PUSH_TELEMETRY);
    return r;
  }

  private static void put(Map<ApiKeys, String> reasons, String reason, ApiKeys... apis) {
    for (ApiKeys api : apis) {
      reasons.put(api, reason);
    }
  }

  /**
   * APIs and versions that Kafka advertises and that are not all served, though no reason is given.
   */
  static List<ApiKeys> unexplained(Collection<ApiHandler<?>> handlers) {
    Map<ApiKeys, ApiHandler<?>> served = byApi(handlers);
    List<ApiKeys> result = new ArrayList<>();
    for (ApiKeys api : advertised()) {
      if (!complete(api, served.get(api)) && !REASONS.containsKey(api)) {
        result.add(api);
      }
    }
    return result;
  }

  private static boolean complete(ApiKeys api, @Nullable ApiHandler<?> handler) {
    return handler != null
        && handler.oldestVersion() == api.oldestVersion()
        && handler.newestVersion() == newest(api);
  }

  private static Map<ApiKeys, ApiHandler<?>> byApi(Collection<ApiHandler<?>> handlers) {
    Map<ApiKeys, ApiHandler<?>> served = new EnumMap<>(ApiKeys.class);
    handlers.forEach(h -> served.put(h.api(), h));
    return served;
  }

  private static List<ApiKeys> advertised() {
    return ApiKeys.apisForListener(ListenerType.BROKER).stream()
        .filter(ApiKeys::hasValidVersion)
        .toList();
  }

  private static short newest(ApiKeys api) {
    return api.latestVersion(false);
  }

  static String text(Collection<ApiHandler<?>> handlers) {
    Map<ApiKeys, ApiHandler<?>> served = byApi(handlers);
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Kafka API

        Generated from the handlers in `io.millrace.broker.handler`. To write it anew:
        `mvn -pl broker -am test -Dtest=ApiReferencePageTest -Dsurefire.failIfNoSpecifiedTests=false -Dreference.write=true`.

        Every API that a broker of Apache Kafka 4.3.1 advertises to clients. What is not served is not advertised.

        | key | API | versions served | versions of Kafka 4.3.1 | why not (all) |
        |---|---|---|---|---|
        """);
    for (ApiKeys api : advertised()) {
      ApiHandler<?> handler = served.get(api);
      String here =
          handler == null ? "-" : versions(handler.oldestVersion(), handler.newestVersion());
      String why = complete(api, handler) ? "" : REASONS.getOrDefault(api, "");
      page.append(
          "| %d | %s | %s | %s | %s |\n"
              .formatted(api.id, api.name, here, versions(api.oldestVersion(), newest(api)), why));
    }
    return page.toString();
  }

  private static String versions(short oldest, short newest) {
    return oldest == newest ? Short.toString(oldest) : oldest + " to " + newest;
  }
}
