package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsSynonym;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigHandlersTest {
  private static final byte TOPIC = ConfigResource.Type.TOPIC.id();
  private static final byte BROKER = ConfigResource.Type.BROKER.id();

  private final HandlerWorld world =
      new HandlerWorld(Map.of("node.id", "1", "log.retention.hours", "24"));
  private final DescribeConfigsHandler describe =
      new DescribeConfigsHandler(world.metadata::image, world.configs);
  private final IncrementalAlterConfigsHandler alter =
      new IncrementalAlterConfigsHandler(
          new ConfigAlterations(world.metadata, world.configs, world.policies));

  @BeforeEach
  void aTopic() {
    world.createTopic("alpha", 1);
  }

  @Test
  void aTopicsOwnValueGoesBeforeTheBrokersFile() {
    assertThat(described("retention.ms").value()).isEqualTo("86400000");

    assertThat(alter("alpha", OpType.SET, "retention.ms", "5000")).isEqualTo("NONE null");

    DescribeConfigsResourceResult shown = described("retention.ms");
    assertThat(shown.value()).isEqualTo("5000");
    assertThat(shown.configSource()).isEqualTo((byte) 1);
    assertThat(shown.configType()).isEqualTo((byte) 5);
    assertThat(shown.synonyms())
        .first()
        .isEqualTo(
            new DescribeConfigsSynonym()
                .setName("retention.ms")
                .setValue("5000")
                .setSource((byte) 1));
    assertThat(shown.documentation()).isNotBlank();

    assertThat(alter("alpha", OpType.DELETE, "retention.ms", null)).isEqualTo("NONE null");
    assertThat(described("retention.ms").value()).isEqualTo("86400000");
  }

  @Test
  void synonymsAndDocumentationComeOnlyWhenAskedFor() {
    DescribeConfigsRequestData request = request(TOPIC, "alpha", "cleanup.policy");
    request.setIncludeSynonyms(false).setIncludeDocumentation(false);

    for (int version = 1; version <= 4; version++) {
      DescribeConfigsResourceResult shown = describe(version, request).configs().getFirst();
      assertThat(shown.value()).isEqualTo("delete");
      assertThat(shown.synonyms()).isEmpty();
      assertThat(shown.documentation()).isNullOrEmpty();
    }
  }

  @Test
  void onlyTheKeysAskedForAreShownAllIfNone() {
    assertThat(
            describe(4, request(TOPIC, "alpha", "cleanup.policy", "retention.ms", "nosuch"))
                .configs())
        .extracting(DescribeConfigsResourceResult::name)
        .containsExactlyInAnyOrder("cleanup.policy", "retention.ms");
    assertThat(describe(4, request(TOPIC, "alpha")).configs()).hasSize(33);
  }

  @Test
  void thisBrokerIsShownAsItWasStarted() {
    DescribeConfigsResourceResult shown =
        describe(4, request(BROKER, "1", "log.retention.hours")).configs().getFirst();

    assertThat(shown.value()).isEqualTo("24");
    assertThat(shown.configSource()).isEqualTo((byte) 4);
    assertThat(shown.readOnly()).isTrue();
    assertThat(shown.synonyms())
        .extracting(DescribeConfigsSynonym::value)
        .containsExactly("24", "168");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      quoteCharacter = '"',
      value = {
        "2 | nosuch | UNKNOWN_TOPIC_OR_PARTITION | \"\"",
        "2 | bad name | INVALID_TOPIC_EXCEPTION | Topic name is invalid: 'bad name' contains one or more characters other than"
            + " ASCII alphanumerics, '.', '_' and '-'",
        "4 | 7 | INVALID_REQUEST | Unexpected broker id, expected 1 or empty string, but received 7",
        "4 | x | INVALID_REQUEST | Broker id must be an integer, but it is: x",
      })
  void whatCannotBeDescribedIsToldAsKafkaDoes(
      byte type, String name, Errors error, String message) {
    DescribeConfigsResult result = describe(4, request(type, name));

    assertThat(Errors.forCode(result.errorCode())).isEqualTo(error);
    assertThat(result.errorMessage()).isEqualTo(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "SET | retention.ms | x | INVALID_CONFIG Invalid value x for configuration retention.ms: Not a number of type LONG",
        "SET | nope | x | INVALID_CONFIG Unknown topic config name: nope",
        "SET | retention.ms | null | INVALID_REQUEST Null value not supported for : retention.ms",
        "APPEND | retention.ms | 5 | INVALID_CONFIG Can't APPEND to key retention.ms because its type is not LIST.",
        "APPEND | cleanup.policy | foo | INVALID_CONFIG Invalid value foo for configuration cleanup.policy: String must be one"
            + " of: compact, delete",
        "DELETE | retention.bytes | null | NONE null",
        "DELETE | nope | null | NONE null",
      })
  void changesAreCheckedAsKafkaDoes(
      OpType operation, String key, @Nullable String value, String expected) {
    assertThat(alter("alpha", operation, key, value)).isEqualTo(expected);
    assertThat(stored()).isEmpty();
  }

  @Test
  void resourcesThatCannotBeAlteredAreToldAsKafkaDoes() {
    assertThat(alter("nosuch", OpType.SET, "retention.ms", "1"))
        .isEqualTo("UNKNOWN_TOPIC_OR_PARTITION The topic 'nosuch' does not exist.");
    assertThat(alter("", OpType.SET, "retention.ms", "1"))
        .isEqualTo("INVALID_REQUEST Default topic resources are not allowed.");
    assertThat(alter((byte) 9, "alpha", OpType.SET, "retention.ms", "1"))
        .isEqualTo("INVALID_REQUEST Unknown resource type 9");
    IncrementalAlterConfigsRequestData twice = new IncrementalAlterConfigsRequestData();
    twice.resources().add(change(TOPIC, "alpha", OpType.SET, "retention.ms", "1"));
    twice.resources().add(change(TOPIC, "alpha", OpType.SET, "retention.ms", "2"));
    assertThat(call(twice).responses())
        .hasSize(2)
        .allMatch(r -> "Each resource must appear at most once.".equals(r.errorMessage()));
    assertThat(stored()).isEmpty();
  }

  @Test
  void validateOnlyChangesNothing() {
    IncrementalAlterConfigsRequestData request =
        new IncrementalAlterConfigsRequestData().setValidateOnly(true);
    request.resources().add(change(TOPIC, "alpha", OpType.SET, "retention.ms", "7"));

    assertThat(call(request).responses().getFirst().errorCode()).isZero();
    assertThat(stored()).isEmpty();
  }

  @Test
  void listsAreAppendedToAndSubtractedFrom() {
    assertThat(alter("alpha", OpType.APPEND, "cleanup.policy", "compact")).isEqualTo("NONE null");
    assertThat(stored()).containsExactly(Map.entry("cleanup.policy", "delete,compact"));

    assertThat(alter("alpha", OpType.SUBTRACT, "cleanup.policy", "delete")).isEqualTo("NONE null");
    assertThat(stored()).containsExactly(Map.entry("cleanup.policy", "compact"));
  }

  @Test
  void noneOfTwoChangesToAListAtTheSameTimeIsLost() {
    List<CompletableFuture<?>> both = new ArrayList<>();
    for (String throttled : List.of("0:1", "1:2")) {
      IncrementalAlterConfigsRequestData request = new IncrementalAlterConfigsRequestData();
      request
          .resources()
          .add(
              change(
                  TOPIC,
                  "alpha",
                  OpType.APPEND,
                  "leader.replication.throttled.replicas",
                  throttled));
      both.add(alter.handle(HandlerWorld.context(1), request));
    }
    both.forEach(world::await);

    assertThat(stored().get("leader.replication.throttled.replicas"))
        .contains("0:1")
        .contains("1:2");
  }

  private Map<String, String> stored() {
    var alpha = Objects.requireNonNull(world.metadata.image().topic("alpha"));
    return world.metadata.image().configs(ConfigScope.TOPIC, alpha.id().toString());
  }

  private DescribeConfigsResourceResult described(String key) {
    return describe(4, request(TOPIC, "alpha", key)).configs().getFirst();
  }

  private DescribeConfigsResult describe(int version, DescribeConfigsRequestData request) {
    return world
        .call(describe, version, request, DescribeConfigsResponseData.class)
        .results()
        .getFirst();
  }

  private static DescribeConfigsRequestData request(byte type, String name, String... keys) {
    DescribeConfigsRequestData request =
        new DescribeConfigsRequestData().setIncludeSynonyms(true).setIncludeDocumentation(true);
    request
        .resources()
        .add(
            new DescribeConfigsResource()
                .setResourceType(type)
                .setResourceName(name)
                .setConfigurationKeys(keys.length == 0 ? null : List.of(keys)));
    return request;
  }

  private String alter(String topic, OpType operation, String key, @Nullable String value) {
    return alter(TOPIC, topic, operation, key, value);
  }

  private String alter(
      byte type, String name, OpType operation, String key, @Nullable String value) {
    IncrementalAlterConfigsRequestData request = new IncrementalAlterConfigsRequestData();
    request.resources().add(change(type, name, operation, key, value));
    AlterConfigsResourceResponse response = call(request).responses().getFirst();
    return Errors.forCode(response.errorCode()) + " " + response.errorMessage();
  }

  private IncrementalAlterConfigsResponseData call(IncrementalAlterConfigsRequestData request) {
    return world.call(alter, 1, request, IncrementalAlterConfigsResponseData.class);
  }

  private static AlterConfigsResource change(
      byte type, String name, OpType operation, String key, @Nullable String value) {
    AlterConfigsResource resource =
        new AlterConfigsResource().setResourceType(type).setResourceName(name);
    resource
        .configs()
        .add(new AlterableConfig().setName(key).setConfigOperation(operation.id()).setValue(value));
    return resource;
  }
}
