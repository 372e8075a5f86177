package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.QuotaEntity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData.ComponentData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData.EntityData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData.EntryData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData.ValueData;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * DescribeClientQuotas: the entities that match every part of the filter, and, where it is strict,
 * have no other part.
 */
public final class DescribeClientQuotasHandler
    implements ApiHandler<DescribeClientQuotasRequestData> {
  private static final byte EXACT = 0;
  private static final byte DEFAULT = 1;
  private static final byte ANY = 2;
  private static final String IP = "ip";
  private static final Set<String> TYPES = Set.of("user", "client-id", IP);

  private final Supplier<MetadataImage> image;

  public DescribeClientQuotasHandler(Supplier<MetadataImage> image) {
    this.image = image;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_CLIENT_QUOTAS;
  }

  @Override
  public CompletableFuture<DescribeClientQuotasResponseData> handle(
      RequestContext context, DescribeClientQuotasRequestData request) {
    Map<String, Predicate<Optional<String>>> filter = filter(request.components());
    List<EntryData> entries = new ArrayList<>();
    image
        .get()
        .quotas()
        .forEach((entity, values) -> {
          if (matches(entity, filter, request.strict())) {
            entries.add(entry(entity, values));
          }
        });
    return CompletableFuture.completedFuture(
        new DescribeClientQuotasResponseData().setEntries(entries));
  }

  /** What the name of each type must be. */
  private static Map<String, Predicate<Optional<String>>> filter(List<ComponentData> components) {
    Map<String, Predicate<Optional<String>>> filter = new TreeMap<>();
    for (ComponentData component : components) {
      String type = component.entityType();
      if (type.isEmpty()) {
        throw new InvalidRequestException("Unexpected empty filter component entity type");
      }
      if (!TYPES.contains(type)) {
        throw new UnsupportedVersionException(
            "Custom entity type '%s' not supported".formatted(type));
      }
      if (filter.put(type, predicate(component)) != null) {
        throw new InvalidRequestException("Duplicate filter component entity type: " + type);
      }
    }
    if (filter.containsKey(IP) && filter.size() > 1) {
      throw new InvalidRequestException(
          "Invalid entity filter component combination, IP filter component should not be used"
              + " with user or clientId filter component.");
    }
    return filter;
  }

  private static Predicate<Optional<String>> predicate(ComponentData component) {
    String match = component.match();
    return switch (component.matchType()) {
      case EXACT -> {
        if (match == null) {
          throw new InvalidRequestException(
              "Request specified MATCH_TYPE_EXACT, but set match string to null.");
        }
        yield name -> name.equals(Optional.of(match));
      }
      case DEFAULT -> {
        if (match != null) {
          throw new InvalidRequestException(
              "Request specified MATCH_TYPE_DEFAULT, but also specified a match string.");
        }
        yield Optional::isEmpty;
      }
      case ANY -> {
        if (match != null) {
          throw new InvalidRequestException(
              "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.");
        }
        yield _ -> true;
      }
      default -> throw new InvalidRequestException("Unknown match type " + component.matchType());
    };
  }

  private static boolean matches(
      QuotaEntity entity, Map<String, Predicate<Optional<String>>> filter, boolean strict) {
    int matched = 0;
    for (QuotaEntity.Part part : entity.parts()) {
      Predicate<Optional<String>> wanted = filter.get(part.type());
      if (wanted != null) {
        if (!wanted.test(part.name())) {
          return false;
        }
        matched++;
      }
    }
    return matched == filter.size() && (!strict || matched == entity.parts().size());
  }

  private static EntryData entry(QuotaEntity entity, Map<String, Double> values) {
    return new EntryData()
        .setEntity(
            entity.parts().stream()
                .map(part ->
                    new EntityData()
                        .setEntityType(part.type())
                        .setEntityName(part.name().orElse(null)))
                .toList())
        .setValues(
            values.entrySet().stream()
                .map(value -> new ValueData().setKey(value.getKey()).setValue(value.getValue()))
                .toList());
  }
}
