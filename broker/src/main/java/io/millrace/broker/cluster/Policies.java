package io.millrace.broker.cluster;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ConfigKey;
import io.millrace.broker.config.PlugInKeys;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Configurable;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.server.policy.AlterConfigPolicy;
import org.apache.kafka.server.policy.CreateTopicPolicy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's own classes that may refuse new topics and changes of configs. They are asked
 * last, about what would be done otherwise, on any thread.
 */
public final class Policies implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Policies.class);

  private final Optional<CreateTopicPolicy> newTopics;
  private final Optional<AlterConfigPolicy> configs;

  private Policies(Optional<CreateTopicPolicy> newTopics, Optional<AlterConfigPolicy> configs) {
    this.newTopics = newTopics;
    this.configs = configs;
  }

  /**
   * @throws IllegalArgumentException if a class cannot be used
   */
  public static Policies of(BrokerConfig config) {
    return new Policies(
        load(config, PlugInKeys.CREATE_TOPIC_POLICY, CreateTopicPolicy.class),
        load(config, PlugInKeys.ALTER_CONFIG_POLICY, AlterConfigPolicy.class));
  }

  private static <T extends Configurable> Optional<T> load(
      BrokerConfig config, ConfigKey<String> key, Class<T> type) {
    return config
        .find(key)
        .map(name -> {
          try {
            T policy = Class.forName(name).asSubclass(type).getDeclaredConstructor().newInstance();
            policy.configure(config.texts());
            return policy;
          } catch (ReflectiveOperationException | ClassCastException e) {
            throw new IllegalArgumentException(
                "%s=%s: expected a class on the class path that implements %s and has a public constructor without parameters"
                    .formatted(key.name(), name, type.getName()),
                e);
          }
        });
  }

  /** Why the topic is not made; null if nothing is said against it. */
  @Nullable Refusal refusal(CreateTopicPolicy.RequestMetadata topic) {
    return newTopics.map(policy -> judged(() -> policy.validate(topic))).orElse(null);
  }

  /**
   * Why the configs are not changed; null if nothing is said against it.
   *
   * @param changes what becomes different; a removed value is null
   */
  public @Nullable Refusal refusal(ConfigResource resource, Map<String, @Nullable String> changes) {
    return configs
        .map(policy ->
            judged(() -> policy.validate(new AlterConfigPolicy.RequestMetadata(resource, changes))))
        .orElse(null);
  }

  private static @Nullable Refusal judged(Runnable judgement) {
    try {
      judgement.run();
      return null;
    } catch (RuntimeException e) {
      Errors error = ApiErrors.of(e);
      if (error == Errors.UNKNOWN_SERVER_ERROR) {
        LOG.error("A policy failed", e);
      }
      return new Refusal(error, e.getMessage());
    }
  }

  @Override
  public void close() {
    newTopics.ifPresent(Policies::close);
    configs.ifPresent(Policies::close);
  }

  private static void close(AutoCloseable policy) {
    try {
      policy.close();
    } catch (Exception e) {
      LOG.warn("A policy could not be closed", e);
    }
  }
}
