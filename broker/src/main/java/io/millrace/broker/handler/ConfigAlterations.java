package io.millrace.broker.handler;

import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Policies;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.ClientMetricsConfigs;
import io.millrace.broker.config.ConfigChanges;
import io.millrace.broker.config.ConfigChanges.Change;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.broker.config.ResourceConfigs;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Changes the configs of any resource, for both forms of the request. A change that is made from
 * what is stored, as appending to a list is, is made again from what is stored when it is
 * committed, so that none is lost between two requests.
 */
public final class ConfigAlterations {
  private static final Set<String> LEVELS =
      new TreeSet<>(Set.of("DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"));

  private final MetadataLog metadata;
  private final ResourceConfigs configs;
  private final Policies policies;

  public ConfigAlterations(MetadataLog metadata, ResourceConfigs configs, Policies policies) {
    this.metadata = metadata;
    this.configs = configs;
    this.policies = policies;
  }

  /** The changes that are asked for where these configs are stored. */
  interface Asked extends Function<Map<String, String>, List<Change>> {}

  /** Whose configs, where they are stored, and what a change of them comes to. */
  private record Target(
      ConfigScope scope, String name, Function<List<Change>, ConfigChanges.Outcome> change) {}

  private sealed interface Found {
    record There(Target target) implements Found {}

    record Refused(Refusal refusal) implements Found {}
  }

  /** Empty if it is done. */
  CompletableFuture<Optional<Refusal>> alter(
      byte type, String name, Asked asked, boolean validateOnly) {
    if (ConfigResource.Type.forId(type) == ConfigResource.Type.BROKER_LOGGER) {
      return CompletableFuture.completedFuture(
          alterLoggers(name, asked.apply(Map.of()), validateOnly));
    }
    MetadataImage image = metadata.image();
    return switch (find(image, type, name)) {
      case Found.Refused(Refusal refusal) -> refused(refusal);
      case Found.There(Target target) -> {
        Map<String, String> stored = image.configs(target.scope(), target.name());
        List<Change> changes = asked.apply(stored);
        yield switch (target.change().apply(changes)) {
          case ConfigChanges.Refused(Errors error, String message) ->
              refused(new Refusal(error, message));
          case ConfigChanges.Changed(Map<String, Optional<String>> changed) -> {
            Refusal policy = policyRefusal(type, name, changes, changed);
            if (policy != null) {
              yield refused(policy);
            }
            if (validateOnly || changed.isEmpty()) {
              yield CompletableFuture.completedFuture(Optional.empty());
            }
            ConfigsChanged record =
                new ConfigsChanged(
                    target.scope(), target.name(), changed, reliedOn(stored, changes));
            yield metadata
                .submit(record)
                .thenCompose(outcome ->
                    switch (outcome) {
                      case MetadataLog.Outcome.Applied _ ->
                          CompletableFuture.completedFuture(Optional.empty());
                      // another change was first, or the topic has gone: judged again by what
                      // there is now
                      case MetadataLog.Outcome.Voided _ -> alter(type, name, asked, false);
                    });
          }
        };
      }
    };
  }

  /** Of what was asked for by name, as in Kafka: not of what the older form removes unasked. */
  private @Nullable Refusal policyRefusal(
      byte type, String name, List<Change> asked, Map<String, Optional<String>> changed) {
    Map<String, @Nullable String> altered = new TreeMap<>();
    for (Change change : asked) {
      Optional<String> value = changed.get(change.name());
      if (value != null) {
        altered.put(change.name(), value.orElse(null));
      }
    }
    return policies.refusal(new ConfigResource(ConfigResource.Type.forId(type), name), altered);
  }

  private Found find(MetadataImage image, byte type, String name) {
    return switch (ConfigResource.Type.forId(type)) {
      case TOPIC -> findTopic(image, name);
      case BROKER -> findBroker(image, name);
      case GROUP ->
          name.isEmpty()
              ? new Found.Refused(Refusal.invalidRequest("Group name can't be empty."))
              : new Found.There(
                  new Target(
                      ConfigScope.GROUP,
                      name,
                      changes -> configs.groups().change(image, name, changes)));
      case CLIENT_METRICS ->
          name.isEmpty()
              ? new Found.Refused(Refusal.invalidRequest("Subscription name can't be empty"))
              : new Found.There(
                  new Target(
                      ConfigScope.CLIENT_METRICS,
                      name,
                      changes -> ClientMetricsConfigs.change(image, name, changes)));
      case BROKER_LOGGER, UNKNOWN ->
          new Found.Refused(Refusal.invalidRequest("Unknown resource type " + type));
    };
  }

  private Found findTopic(MetadataImage image, String name) {
    Refusal badName =
        name.isEmpty()
            ? Refusal.invalidRequest("Default topic resources are not allowed.")
            : NewTopics.badName(name);
    if (badName != null) {
      return new Found.Refused(badName);
    }
    MetadataImage.Topic topic = image.topic(name);
    return topic == null
        ? new Found.Refused(
            new Refusal(
                Errors.UNKNOWN_TOPIC_OR_PARTITION,
                "The topic '%s' does not exist.".formatted(name)))
        : new Found.There(
            new Target(
                ConfigScope.TOPIC,
                topic.id().toString(),
                changes -> configs.topics().change(image, topic.id(), changes)));
  }

  private Found findBroker(MetadataImage image, String name) {
    if (name.isEmpty()) {
      return new Found.There(
          new Target(
              ConfigScope.CLUSTER_DEFAULT,
              "",
              changes -> configs.brokers().changeDefaults(image, changes)));
    }
    Refusal other = otherNode(name);
    return other != null
        ? new Found.Refused(other)
        : new Found.There(
            new Target(
                ConfigScope.BROKER,
                Integer.toString(configs.brokers().nodeId()),
                changes -> configs.brokers().change(image, changes)));
  }

  private @Nullable Refusal otherNode(String name) {
    int own = configs.brokers().nodeId();
    try {
      return Integer.parseInt(name) == own
          ? null
          : Refusal.invalidRequest(
              "Unexpected broker id, expected %d, but received %s".formatted(own, name));
    } catch (NumberFormatException e) {
      return Refusal.invalidRequest("Node id must be an integer, but it is: " + name);
    }
  }

  /** What a change is made from that does not just set its own value. */
  private static Map<String, Optional<String>> reliedOn(
      Map<String, String> stored, List<Change> changes) {
    Map<String, Optional<String>> relied = new TreeMap<>();
    for (Change change : changes) {
      if (change.operation() == OpType.APPEND || change.operation() == OpType.SUBTRACT) {
        relied.put(change.name(), Optional.ofNullable(stored.get(change.name())));
      }
    }
    return relied;
  }

  private Optional<Refusal> alterLoggers(String name, List<Change> changes, boolean validateOnly) {
    Refusal other = otherNode(name);
    if (other != null) {
      return Optional.of(other);
    }
    Set<String> known = configs.loggers().levels().keySet();
    for (Change change : changes) {
      Refusal refusal = loggerRefusal(known, change);
      if (refusal != null) {
        return Optional.of(refusal);
      }
    }
    if (!validateOnly) {
      for (Change change : changes) {
        String level = change.value();
        if (level == null || change.operation() == OpType.DELETE) {
          configs.loggers().unset(change.name());
        } else {
          configs.loggers().set(change.name(), level);
        }
      }
    }
    return Optional.empty();
  }

  private static @Nullable Refusal loggerRefusal(Set<String> known, Change change) {
    return switch (change.operation()) {
      case APPEND, SUBTRACT ->
          Refusal.invalidRequest(
              change.operation() + " operation is not allowed for the BROKER_LOGGER resource");
      case SET -> {
        if (!known.contains(change.name())) {
          yield noLogger(change.name());
        }
        String level = change.value();
        yield level != null && LEVELS.contains(level)
            ? null
            : new Refusal(
                Errors.INVALID_CONFIG,
                ("Cannot set the log level of %s to %s as it is not a supported log level."
                        + " Valid log levels are %s")
                    .formatted(change.name(), level, String.join(", ", LEVELS)));
      }
      case DELETE -> {
        if (!known.contains(change.name())) {
          yield noLogger(change.name());
        }
        yield change.name().equals(LoggerLevels.ROOT)
            ? Refusal.invalidRequest("Removing the log level of the root logger is not allowed")
            : null;
      }
    };
  }

  private static Refusal noLogger(String name) {
    return new Refusal(Errors.INVALID_CONFIG, "Logger " + name + " does not exist!");
  }

  private static CompletableFuture<Optional<Refusal>> refused(Refusal refusal) {
    return CompletableFuture.completedFuture(Optional.of(refusal));
  }
}
