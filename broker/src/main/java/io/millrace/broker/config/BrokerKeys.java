package io.millrace.broker.config;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Every key a broker's configuration may have, by name. */
public final class BrokerKeys {
  private static final Map<String, ConfigKey<?>> BY_NAME = byName();

  private BrokerKeys() {}

  /** Sorted by name. */
  public static Collection<ConfigKey<?>> all() {
    return BY_NAME.values();
  }

  /** Null if there is none of this name. */
  public static @Nullable ConfigKey<?> find(String name) {
    return BY_NAME.get(name);
  }

  private static Map<String, ConfigKey<?>> byName() {
    List<List<ConfigKey<?>>> areas =
        List.of(
            NodeKeys.ALL,
            ClusterKeys.ALL,
            ListenerKeys.ALL,
            NetworkKeys.ALL,
            QuotaKeys.ALL,
            RequestKeys.ALL,
            LogKeys.ALL,
            GroupKeys.ALL,
            MillraceKeys.ALL,
            ConsumerGroupKeys.ALL,
            CoordinatorKeys.ALL,
            ShareKeys.ALL,
            TransactionKeys.ALL,
            LogFileKeys.ALL,
            CleanerKeys.ALL,
            ServerKeys.ALL,
            ReplicationKeys.ALL,
            QuorumKeys.ALL,
            RemoteStorageKeys.ALL,
            SslKeys.ALL,
            SaslKeys.ALL,
            PlugInKeys.ALL,
            LegacyKeys.ALL);
    Map<String, ConfigKey<?>> keys = new TreeMap<>();
    for (List<ConfigKey<?>> area : areas) {
      for (ConfigKey<?> key : area) {
        if (keys.put(key.name(), key) != null) {
          throw new IllegalStateException(key + " is declared twice");
        }
      }
    }
    return Collections.unmodifiableMap(keys);
  }
}
