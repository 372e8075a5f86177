package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Who the broker is and where its data lies. */
public final class NodeKeys {
  public static final ConfigKey<Integer> NODE_ID =
      int32("node.id", 1)
          .atLeast(0)
          .inForce(
              "Number of the broker in its cluster; broker.id counts if this is not given. With a"
                  + " shared store and neither given, a free number is claimed, first those whose"
                  + " broker is gone.");
  public static final ConfigKey<Integer> BROKER_ID =
      int32("broker.id", -1)
          .inForce("Older name of node.id; -1 leaves the number to node.id's default.");
  public static final ConfigKey<String> BROKER_RACK =
      text("broker.rack").inForce("Zone of the broker, told to clients in metadata answers.");
  public static final ConfigKey<List<String>> LOG_DIRS =
      list("log.dirs")
          .notEmpty()
          .inForce(
              "Data directory; the first one is used if there are several. --data goes before it. Not"
                  + " used with a shared store.");
  public static final ConfigKey<List<String>> LOG_DIR =
      list("log.dir", "data")
          .notEmpty()
          .inForce("Data directory if log.dirs is not given; relative to where the broker starts.");
  public static final ConfigKey<List<String>> CONFIG_PROVIDERS =
      list("config.providers", "")
          .inForce(
              "Names of providers that ${NAME:...} in values may refer to; Kafka's environment,"
                  + " file and directory providers are understood.");

  static final List<ConfigKey<?>> ALL =
      List.of(NODE_ID, BROKER_ID, BROKER_RACK, LOG_DIRS, LOG_DIR, CONFIG_PROVIDERS);

  private NodeKeys() {}
}
