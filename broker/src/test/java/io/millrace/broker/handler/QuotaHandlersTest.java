package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.metadata.MetadataRecord.QuotasChanged;
import io.millrace.storage.metadata.QuotaEntity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntityData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntryData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.OpData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData.ComponentData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuotaHandlersTest {
  private static final String OK = "NONE null";
  private static final byte EXACT = 0;
  private static final byte DEFAULT = 1;
  private static final byte ANY = 2;

  private final HandlerWorld world = new HandlerWorld(Map.of("node.id", "1"));
  private final AlterClientQuotasHandler alter = new AlterClientQuotasHandler(world.metadata);
  private final DescribeClientQuotasHandler describe =
      new DescribeClientQuotasHandler(world.metadata::image);

  @Test
  void quotasAreSetShownAndRemoved() {
    assertThat(set("producer_byte_rate", 1000, part("user", "alice"))).isEqualTo(OK);
    assertThat(set("consumer_byte_rate", 2000, part("user", "alice"))).isEqualTo(OK);
    assertThat(set("request_percentage", 12.5, part("user", null), part("client-id", "c")))
        .isEqualTo(OK);
    assertThat(set("connection_creation_rate", 10, part("ip", "10.0.0.1"))).isEqualTo(OK);

    assertThat(describe(false))
        .containsExactlyInAnyOrder(
            "[user=alice] {consumer_byte_rate=2000.0, producer_byte_rate=1000.0}",
            "[client-id=c, user=null] {request_percentage=12.5}",
            "[ip=10.0.0.1] {connection_creation_rate=10.0}");

    assertThat(remove("producer_byte_rate", part("user", "alice"))).isEqualTo(OK);
    assertThat(remove("consumer_byte_rate", part("user", "alice"))).isEqualTo(OK);
    assertThat(remove("consumer_byte_rate", part("user", "nobody"))).isEqualTo(OK);

    assertThat(describe(false)).hasSize(2);
  }

  @Test
  void aFilterMatchesNamesDefaultsOrEverythingOfAType() {
    set("producer_byte_rate", 1, part("user", "alice"));
    set("producer_byte_rate", 2, part("user", null));
    set("producer_byte_rate", 3, part("user", "alice"), part("client-id", "c"));
    set("producer_byte_rate", 4, part("client-id", "c"));

    assertThat(describe(true, component("user", EXACT, "alice")))
        .containsExactly("[user=alice] {producer_byte_rate=1.0}");
    assertThat(describe(true, component("user", DEFAULT, null)))
        .containsExactly("[user=null] {producer_byte_rate=2.0}");
    assertThat(describe(true, component("user", ANY, null))).hasSize(2);
    assertThat(describe(false, component("user", ANY, null))).hasSize(3);
    assertThat(describe(true, component("user", ANY, null), component("client-id", EXACT, "c")))
        .containsExactly("[client-id=c, user=alice] {producer_byte_rate=3.0}");
  }

  @Test
  void aFilterThatMakesNoSenseIsRefused() {
    refused(InvalidRequestException.class, component("", ANY, null));
    refused(UnsupportedVersionException.class, component("colour", ANY, null));
    refused(
        InvalidRequestException.class, component("ip", ANY, null), component("user", ANY, null));
    refused(InvalidRequestException.class, component("user", EXACT, null));
    refused(InvalidRequestException.class, component("user", (byte) 9, null));
  }

  private void refused(Class<? extends Exception> with, ComponentData... components) {
    assertThatThrownBy(() -> describe(false, components))
        .satisfiesAnyOf(
            failure -> assertThat(failure).isInstanceOf(with),
            failure ->
                assertThat(failure)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(with));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "user | alice | producer_byte_rate | -5 | Quota producer_byte_rate must be greater than 0",
        "user | alice | producer_byte_rate | 1.5 | producer_byte_rate cannot be a fractional value.",
        "user | alice | no_such_rate | 1 | Invalid configuration key no_such_rate",
        "user | alice | connection_creation_rate | 1 | Invalid configuration key connection_creation_rate",
        "ip | 10.0.0.1 | producer_byte_rate | 1 | Invalid configuration key producer_byte_rate",
        "ip | host.example | connection_creation_rate | 1 | host.example is not a valid IP or resolvable host.",
        "ip | 10.0.0.1 | connection_creation_rate | 1e10 | Proposed value for connection_creation_rate is too large for an INT.",
        "colour | red | producer_byte_rate | 1 | Unhandled client quota entity type: colour",
      })
  void whatKafkaRefusesIsRefused(
      String type, String name, String key, double value, String message) {
    assertThat(set(key, value, part(type, name))).isEqualTo("INVALID_REQUEST " + message);
    assertThat(describe(false)).isEmpty();
  }

  @Test
  void entitiesThatMakeNoSenseAreRefused() {
    assertThat(set("producer_byte_rate", 1))
        .isEqualTo("INVALID_REQUEST Invalid empty client quota entity");
    assertThat(set("producer_byte_rate", 1, part("user", "")))
        .isEqualTo("INVALID_REQUEST Empty user not supported");
    assertThat(set("producer_byte_rate", 1, part("ip", null), part("user", "a")))
        .startsWith("INVALID_REQUEST Invalid quota entity combination");
  }

  @Test
  void clientsThatUnderstandItAreRefusedNewTopicsOthersHaveToWait() {
    world.commit(
        new QuotasChanged(
            new QuotaEntity(List.of(new QuotaEntity.Part("client-id", Optional.empty()))),
            Map.of("controller_mutation_rate", Optional.of(1.0))));

    assertThat(create(7, "a", 12)).isEqualTo("NONE 0");
    assertThat(create(7, "b", 1)).isEqualTo("THROTTLING_QUOTA_EXCEEDED 1000");
    assertThat(create(5, "b", 1)).isEqualTo("NONE 2000");
  }

  private String create(int version, String name, int partitions) {
    CreateTopicsRequestData request = new CreateTopicsRequestData();
    request
        .topics()
        .add(
            new CreatableTopic()
                .setName(name)
                .setNumPartitions(partitions)
                .setReplicationFactor((short) 1));
    CreateTopicsResponseData response =
        world.call(
            new CreateTopicsHandler(world.newTopics, world.quotas),
            version,
            request,
            CreateTopicsResponseData.class);
    return Errors.forCode(response.topics().find(name).errorCode())
        + " "
        + response.throttleTimeMs();
  }

  private static EntityData part(String type, @Nullable String name) {
    return new EntityData().setEntityType(type).setEntityName(name);
  }

  private static ComponentData component(String type, byte match, @Nullable String name) {
    return new ComponentData().setEntityType(type).setMatchType(match).setMatch(name);
  }

  private String set(String key, double value, EntityData... parts) {
    return alter(new OpData().setKey(key).setValue(value), parts);
  }

  private String remove(String key, EntityData... parts) {
    return alter(new OpData().setKey(key).setRemove(true), parts);
  }

  private String alter(OpData op, EntityData... parts) {
    AlterClientQuotasRequestData request = new AlterClientQuotasRequestData();
    request.entries().add(new EntryData().setEntity(List.of(parts)).setOps(List.of(op)));
    var entry =
        world.call(alter, 1, request, AlterClientQuotasResponseData.class).entries().getFirst();
    return Errors.forCode(entry.errorCode()) + " " + entry.errorMessage();
  }

  private List<String> describe(boolean strict, ComponentData... components) {
    DescribeClientQuotasRequestData request =
        new DescribeClientQuotasRequestData().setStrict(strict).setComponents(List.of(components));
    List<String> lines = new ArrayList<>();
    for (var entry :
        world.call(describe, 1, request, DescribeClientQuotasResponseData.class).entries()) {
      Map<String, Double> values = new TreeMap<>();
      entry.values().forEach(value -> values.put(value.key(), value.value()));
      lines.add(
          entry.entity().stream().map(p -> p.entityType() + "=" + p.entityName()).toList()
              + " "
              + values);
    }
    return lines;
  }
}
