package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Which addresses the broker opens and which it tells clients. */
public final class ListenerKeys {
  public static final ConfigKey<List<String>> LISTENERS =
      list("listeners", "PLAINTEXT://:9092")
          .notEmpty()
          .inForce(
              "Addresses to open, NAME://HOST:PORT; an empty host means all addresses. Without a"
                  + " file and --listen it is PLAINTEXT://127.0.0.1:9092.");
  public static final ConfigKey<List<String>> ADVERTISED_LISTENERS =
      list("advertised.listeners")
          .notEmpty()
          .inForce("Addresses clients are told, by listener name; the opened ones by default.");
  public static final ConfigKey<String> SECURITY_PROTOCOL_MAP =
      text(
              "listener.security.protocol.map",
              "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT")
          .inForce(
              "Security protocol of each listener name. This version opens PLAINTEXT listeners"
                  + " only and refuses to start with others.");
  public static final ConfigKey<List<String>> CONTROLLER_LISTENER_NAMES =
      list("controller.listener.names", "")
          .inForce("Listeners of a KRaft controller; they are left out, there is no quorum.");
  public static final ConfigKey<String> HOST_NAME =
      text("host.name", "").inForce("Older key: address to bind if listeners is not given.");
  public static final ConfigKey<Integer> PORT =
      int32("port", 9092)
          .between(0, 65535)
          .inForce("Older key: port to bind if listeners is not given.");
  public static final ConfigKey<String> ADVERTISED_HOST_NAME =
      text("advertised.host.name")
          .inForce("Older key: host clients are told if advertised.listeners is not given.");
  public static final ConfigKey<Integer> ADVERTISED_PORT =
      int32("advertised.port")
          .between(0, 65535)
          .inForce("Older key: port clients are told if advertised.listeners is not given.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          LISTENERS,
          ADVERTISED_LISTENERS,
          SECURITY_PROTOCOL_MAP,
          CONTROLLER_LISTENER_NAMES,
          HOST_NAME,
          PORT,
          ADVERTISED_HOST_NAME,
          ADVERTISED_PORT);

  private ListenerKeys() {}
}
