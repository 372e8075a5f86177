package io.millrace.broker.config;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * Keys that cannot be listed because their names are open: prefixes of Kafka and of well-known
 * plug-ins, and keys of the plug-ins a file configures. Such a key counts as a plug-in's if it
 * begins with the key that configures the plug-in, without its last word, or if its first two
 * words, or a first word of at least four letters, are in the name of the plug-in's class.
 */
final class KnownFamilies {
  private static final String FOR_PLUG_IN = "It belongs to a plug-in, and no plug-in is called.";

  /** A prefix (ends with '.') or a whole name, and why it has no meaning. */
  record Family(String name, String reason) {
    boolean holds(String key) {
      return name.endsWith(".") ? key.startsWith(name) : key.equals(name);
    }
  }

  static final List<Family> FAMILIES =
      List.of(
          new Family(
              "listener.name.",
              "Not in force in this version: listeners have no settings of their own."),
          new Family("zookeeper.", Reasons.NO_ZOOKEEPER),
          new Family("authorizer.zookeeper.", Reasons.NO_ZOOKEEPER),
          new Family("confluent.", "It belongs to another vendor's broker."),
          new Family("config.providers.", "It belongs to a config provider that is not named."),
          new Family("rsm.config.", Reasons.NO_TIERS),
          new Family("rlmm.config.", Reasons.NO_TIERS),
          new Family("remote.log.storage.", Reasons.NO_TIERS),
          new Family("remote.log.metadata.", Reasons.NO_TIERS),
          new Family("super.users", Reasons.AUTHORIZATION_LATER),
          new Family("allow.everyone.if.no.acl.found", Reasons.AUTHORIZATION_LATER),
          new Family("authorizer.", Reasons.AUTHORIZATION_LATER),
          new Family("principal.builder.", Reasons.SECURITY_LATER),
          new Family("client.quota.callback.", Reasons.QUOTAS_BY_BROKER),
          new Family("oauth.", Reasons.SECURITY_LATER),
          new Family("kafka.csv.metrics.", Reasons.METRICS_LATER),
          new Family("kafka.graphite.metrics.", Reasons.METRICS_LATER),
          new Family("kafka.metrics.", Reasons.METRICS_LATER),
          new Family("metrics.jmx.", Reasons.METRICS_LATER),
          new Family("metrics.context.", Reasons.METRICS_LATER),
          new Family("cruise.control.", Reasons.METRICS_LATER),
          new Family("strimzi.", FOR_PLUG_IN),
          new Family("ranger.", FOR_PLUG_IN),
          new Family("opa.", FOR_PLUG_IN));

  /** Keys whose values are class names of plug-ins. */
  static final List<String> PLUG_IN_KEYS =
      List.of(
          "authorizer.class.name",
          "metric.reporters",
          "kafka.metrics.reporters",
          "principal.builder.class",
          "client.quota.callback.class",
          "create.topic.policy.class.name",
          "alter.config.policy.class.name",
          "replica.selector.class",
          "security.providers",
          "ssl.engine.factory.class",
          "sasl.server.callback.handler.class",
          "sasl.client.callback.handler.class",
          "sasl.login.callback.handler.class",
          "sasl.login.class",
          "remote.log.storage.manager.class.name",
          "remote.log.metadata.manager.class.name");

  private KnownFamilies() {}

  /**
   * Why {@code key}, which is no declared key, is accepted all the same; empty if it is not.
   *
   * @param given text of a declared key, "" if none was given
   */
  static Optional<String> reason(String key, Function<String, String> given) {
    for (Family family : FAMILIES) {
      if (family.holds(key)) {
        return Optional.of(family.reason());
      }
    }
    for (String plugInKey : PLUG_IN_KEYS) {
      String classNames = given.apply(plugInKey);
      if (!classNames.isBlank() && belongs(key, plugInKey, classNames)) {
        return Optional.of("It belongs to a plug-in of " + plugInKey + ", and none is called.");
      }
    }
    return Optional.empty();
  }

  private static boolean belongs(String key, String plugInKey, String classNames) {
    String stem = plugInKey.replaceAll("\\.(class\\.name|class|reporters|providers)$", "") + ".";
    if (key.startsWith(stem)) {
      return true;
    }
    String[] words = key.toLowerCase(Locale.ROOT).split("\\.", 3);
    String names = classNames.toLowerCase(Locale.ROOT);
    String letters = names.replaceAll("[^a-z0-9,]", "");
    return (words[0].length() >= 4 && !words[0].equals("kafka") && names.contains(words[0]))
        || (words.length > 1 && letters.contains(words[0] + words[1]));
  }
}
