package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * ListConfigResources: everything that has configs, or may have in the case of topics and brokers.
 * The first version knew client-metrics subscriptions only.
 */
public final class ListConfigResourcesHandler
    implements ApiHandler<ListConfigResourcesRequestData> {
  private static final List<ConfigResource.Type> ALL =
      List.of(
          ConfigResource.Type.TOPIC,
          ConfigResource.Type.BROKER,
          ConfigResource.Type.BROKER_LOGGER,
          ConfigResource.Type.CLIENT_METRICS,
          ConfigResource.Type.GROUP);

  private final Supplier<MetadataImage> image;

  public ListConfigResourcesHandler(Supplier<MetadataImage> image) {
    this.image = image;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.LIST_CONFIG_RESOURCES;
  }

  @Override
  public CompletableFuture<ListConfigResourcesResponseData> handle(
      RequestContext context, ListConfigResourcesRequestData request) {
    Set<ConfigResource.Type> types = new TreeSet<>();
    for (byte id : request.resourceTypes()) {
      ConfigResource.Type type = ConfigResource.Type.forId(id);
      if (!ALL.contains(type)) {
        return CompletableFuture.completedFuture(
            new ListConfigResourcesResponseData().setErrorCode(Errors.UNSUPPORTED_VERSION.code()));
      }
      types.add(type);
    }
    if (context.version() == 0) {
      types = Set.of(ConfigResource.Type.CLIENT_METRICS);
    } else if (types.isEmpty()) {
      types = new TreeSet<>(ALL);
    }
    MetadataImage now = image.get();
    List<ListConfigResourcesResponseData.ConfigResource> resources = new ArrayList<>();
    for (ConfigResource.Type type : types) {
      for (String name : names(now, type)) {
        resources.add(
            new ListConfigResourcesResponseData.ConfigResource()
                .setResourceName(name)
                .setResourceType(type.id()));
      }
    }
    return CompletableFuture.completedFuture(
        new ListConfigResourcesResponseData().setConfigResources(resources));
  }

  private static List<String> names(MetadataImage image, ConfigResource.Type type) {
    return switch (type) {
      case TOPIC -> List.copyOf(image.topicIds().keySet());
      case BROKER, BROKER_LOGGER ->
          image.brokers().keySet().stream().map(id -> Integer.toString(id)).toList();
      case CLIENT_METRICS -> configured(image, ConfigScope.CLIENT_METRICS);
      case GROUP -> configured(image, ConfigScope.GROUP);
      case UNKNOWN -> List.of();
    };
  }

  private static List<String> configured(MetadataImage image, ConfigScope scope) {
    return image.configs().keySet().stream()
        .filter(resource -> resource.scope() == scope)
        .map(MetadataImage.ConfigResource::name)
        .toList();
  }
}
