package io.millrace.conformance.kafka;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaBroker;
import kafka.server.KafkaConfig;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.metadata.BrokerState;

/**
 * A node of ours as tests see Kafka's broker object: its configuration, port and life. What lies
 * deeper is Kafka's own and refused.
 */
final class BrokerView implements InvocationHandler {
  private final ClusterNode node;
  private final MillraceCluster cluster;

  private BrokerView(ClusterNode node, MillraceCluster cluster) {
    this.node = node;
    this.cluster = cluster;
  }

  static KafkaBroker of(ClusterNode node, MillraceCluster cluster) {
    return proxy(KafkaBroker.class, new BrokerView(node, cluster));
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // a proxy equals itself only
  public @org.jspecify.annotations.Nullable Object invoke(
      Object proxy, Method method, Object @org.jspecify.annotations.Nullable [] arguments) {
    return switch (method.getName()) {
      case "config" -> config();
      case "clusterId" -> cluster.clusterId();
      case "boundPort" -> node.port();
      case "isShutdown" -> !node.isRunning();
      case "brokerState" -> node.isRunning() ? BrokerState.RUNNING : BrokerState.NOT_RUNNING;
      case "groupCoordinator" -> proxy(GroupCoordinator.class, BrokerView::coordinator);
      case "startup" -> {
        node.start();
        yield null;
      }
      case "shutdown" -> {
        node.stop();
        yield null;
      }
      case "awaitShutdown" -> null;
      case "toString" -> "broker " + node.id();
      case "hashCode" -> node.id();
      case "equals" -> arguments != null && arguments[0] == proxy;
      default ->
          throw new UnsupportedOperationException("Kafka's broker internals: " + method.getName());
    };
  }

  private static Object coordinator(
      Object proxy, Method method, Object @org.jspecify.annotations.Nullable [] arguments) {
    if (method.getName().equals("groupMetadataTopicConfigs")) {
      Properties configs = new Properties();
      configs.put("cleanup.policy", "compact");
      return configs;
    }
    throw new UnsupportedOperationException("Kafka's group coordinator: " + method.getName());
  }

  /** As Kafka's own code reads the settings. */
  private KafkaConfig config() {
    Map<String, Object> settings = new HashMap<>(node.settings());
    settings.put("process.roles", "broker");
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put("controller.quorum.voters", "3000@localhost:1");
    settings.put(
        "listener.security.protocol.map",
        settings.get("listener.security.protocol.map") + ",CONTROLLER:PLAINTEXT");
    return new KafkaConfig(settings, false);
  }
}
