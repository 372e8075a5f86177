package io.millrace.broker.api;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * The APIs served, one handler each. ApiVersions belongs to the table itself, since it tells what
 * the table holds.
 */
public final class ApiTable {
  private final NavigableMap<Short, ApiHandler<?>> byKey;
  private final ApiVersionsHandler apiVersions;

  /**
   * @param features as they are when a client asks
   * @throws IllegalArgumentException if two handlers serve one API, or one serves versions that do
   *     not exist
   */
  public ApiTable(
      Collection<? extends ApiHandler<? extends ApiMessage>> handlers,
      Supplier<ApiFeatures> features) {
    TreeMap<Short, ApiHandler<?>> map = new TreeMap<>();
    for (ApiHandler<?> handler : handlers) {
      add(map, handler);
    }
    List<ApiHandler<?>> served = new ArrayList<>(map.values());
    apiVersions = new ApiVersionsHandler(served, features);
    add(map, apiVersions);
    byKey = Collections.unmodifiableNavigableMap(map);
  }

  private static void add(Map<Short, ApiHandler<?>> map, ApiHandler<?> handler) {
    ApiKeys api = handler.api();
    if (handler.oldestVersion() < api.oldestVersion()
        || handler.newestVersion() > api.latestVersion()
        || handler.oldestVersion() > handler.newestVersion()) {
      throw new IllegalArgumentException(
          api + " has no versions " + handler.oldestVersion() + " to " + handler.newestVersion());
    }
    if (map.put(api.id, handler) != null) {
      throw new IllegalArgumentException("two handlers for " + api);
    }
  }

  /** The handler if that version is served. */
  public @Nullable ApiHandler<?> handler(ApiKeys api, short version) {
    ApiHandler<?> handler = byKey.get(api.id);
    return handler != null
            && version >= handler.oldestVersion()
            && version <= handler.newestVersion()
        ? handler
        : null;
  }

  /** All handlers by API key. */
  public Collection<ApiHandler<?>> handlers() {
    return byKey.values();
  }

  ApiVersionsHandler apiVersions() {
    return apiVersions;
  }
}
