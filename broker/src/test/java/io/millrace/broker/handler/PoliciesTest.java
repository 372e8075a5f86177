package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.cluster.Policies;
import io.millrace.broker.config.BrokerConfig;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.server.policy.AlterConfigPolicy;
import org.apache.kafka.server.policy.CreateTopicPolicy;
import org.junit.jupiter.api.Test;

class PoliciesTest {
  /** Lets topics have as many partitions as it is told to. */
  public static final class FewPartitions implements CreateTopicPolicy {
    private int partitionsMax;

    @Override
    public void configure(Map<String, ?> configs) {
      partitionsMax =
          Integer.parseInt(String.valueOf(configs.get("create.topic.policy.partitions")));
    }

    @Override
    public void validate(CreateTopicPolicy.RequestMetadata topic) {
      if (topic.numPartitions() > partitionsMax) {
        throw new PolicyViolationException(topic.topic() + " has too many partitions");
      }
    }

    @Override
    public void close() {}
  }

  /** Refuses every retention but one, and fails where it is asked about anything else. */
  public static final class OneRetention implements AlterConfigPolicy {
    @Override
    public void configure(Map<String, ?> configs) {}

    @Override
    public void validate(AlterConfigPolicy.RequestMetadata change) {
      if (!change.configs().keySet().equals(Map.of("retention.ms", "").keySet())) {
        throw new IllegalStateException("asked about " + change);
      }
      if (!"1000".equals(change.configs().get("retention.ms"))) {
        throw new PolicyViolationException("not for " + change.resource().name());
      }
    }

    @Override
    public void close() {}
  }

  private final HandlerWorld world =
      new HandlerWorld(
          Map.of(
              "create.topic.policy.class.name", FewPartitions.class.getName(),
              "create.topic.policy.partitions", "2",
              "alter.config.policy.class.name", OneRetention.class.getName()));
  private final ConfigCalls configs = new ConfigCalls(world);

  @Test
  void aTopicThatThePolicyRefusesIsNotMade() {
    CreatableTopicResult result = create("big", 3, false);

    assertThat(result.errorCode()).isEqualTo(Errors.POLICY_VIOLATION.code());
    assertThat(result.errorMessage()).isEqualTo("big has too many partitions");
    assertThat(world.metadata.image().topic("big")).isNull();
    assertThat(create("big", 3, true).errorCode()).isEqualTo(Errors.POLICY_VIOLATION.code());
  }

  @Test
  void aTopicThatThePolicyLetsPassIsMade() {
    assertThat(create("small", 2, false).errorCode()).isZero();
    assertThat(world.metadata.image().topic("small")).isNotNull();
  }

  @Test
  void whatIsWrongAnywayIsSaidWithoutThePolicy() {
    assertThat(create("none", 0, false).errorCode()).isEqualTo(Errors.INVALID_PARTITIONS.code());
  }

  @Test
  void aPolicyJudgesWhatAChangeOfConfigsComesTo() {
    create("orders", 1, false);

    assertThat(configs.set(ConfigResource.Type.TOPIC, "orders", "retention.ms", "2000"))
        .isEqualTo("POLICY_VIOLATION not for orders");
    assertThat(configs.set(ConfigResource.Type.TOPIC, "orders", "retention.ms", "1000"))
        .isEqualTo("NONE null");
    assertThat(
            configs.alter(ConfigResource.Type.TOPIC, "orders", OpType.DELETE, "retention.ms", null))
        .isEqualTo("POLICY_VIOLATION not for orders");
  }

  @Test
  void theFailureOfAPolicyRefusesTheChange() {
    create("orders", 1, false);

    assertThat(configs.set(ConfigResource.Type.TOPIC, "orders", "cleanup.policy", "compact"))
        .startsWith("UNKNOWN_SERVER_ERROR asked about");
  }

  @Test
  void aClassThatIsNoPolicyIsNamed() {
    BrokerConfig config =
        BrokerConfig.of(Map.of("create.topic.policy.class.name", String.class.getName()));

    assertThatThrownBy(() -> Policies.of(config))
        .hasMessageContaining("create.topic.policy.class.name=java.lang.String");
  }

  private CreatableTopicResult create(String name, int partitions, boolean validateOnly) {
    CreateTopicsRequestData request =
        new CreateTopicsRequestData().setValidateOnly(validateOnly).setTimeoutMs(1000);
    request
        .topics()
        .add(
            new CreatableTopic()
                .setName(name)
                .setNumPartitions(partitions)
                .setReplicationFactor((short) 1));
    return world
        .call(
            new CreateTopicsHandler(world.newTopics, world.quotas),
            7,
            request,
            CreateTopicsResponseData.class)
        .topics()
        .find(name);
  }
}
