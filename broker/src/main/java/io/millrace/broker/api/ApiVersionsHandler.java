package io.millrace.broker.api;

import io.millrace.broker.api.ApiFeatures.Feature;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKeyCollection;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKeyCollection;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Tells clients which APIs and versions they may use, and learns the name of their software. */
final class ApiVersionsHandler implements ApiHandler<ApiVersionsRequestData> {
  private static final short NAMES_SINCE = 3;
  private static final short LEVEL_ZERO_SINCE = 4;

  /** What Kafka accepts as the name or version of client software. */
  private static final Pattern NAME =
      Pattern.compile("[a-zA-Z0-9](?:[a-zA-Z0-9\\-.]*[a-zA-Z0-9])?");

  private record Range(short key, short oldest, short newest) {}

  private final List<Range> ranges = new ArrayList<>();
  private final Supplier<ApiFeatures> features;

  ApiVersionsHandler(List<ApiHandler<?>> others, Supplier<ApiFeatures> features) {
    this.features = features;
    for (ApiHandler<?> handler : others) {
      ranges.add(range(handler));
    }
    ranges.add(range(this));
    ranges.sort((a, b) -> Short.compare(a.key(), b.key()));
  }

  private static Range range(ApiHandler<?> handler) {
    ApiKeys api = handler.api();
    boolean producesFromOldest =
        api == ApiKeys.PRODUCE && handler.oldestVersion() == api.oldestVersion();
    // Older librdkafka takes compression for unsupported unless produce seems to begin at 0
    // (KAFKA-18659).
    short oldest =
        producesFromOldest
            ? ApiKeys.PRODUCE_API_VERSIONS_RESPONSE_MIN_VERSION
            : handler.oldestVersion();
    return new Range(api.id, oldest, handler.newestVersion());
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.API_VERSIONS;
  }

  @Override
  public CompletableFuture<ApiVersionsResponseData> handle(
      RequestContext context, ApiVersionsRequestData request) {
    if (context.version() >= NAMES_SINCE) {
      if (!NAME.matcher(request.clientSoftwareName()).matches()
          || !NAME.matcher(request.clientSoftwareVersion()).matches()) {
        return CompletableFuture.completedFuture(
            new ApiVersionsResponseData().setErrorCode(Errors.INVALID_REQUEST.code()));
      }
      context
          .connection()
          .clientSoftware(request.clientSoftwareName() + " " + request.clientSoftwareVersion());
    }
    ApiVersionsResponseData response = new ApiVersionsResponseData().setApiKeys(apiKeys());
    addFeatures(response, context.version());
    return CompletableFuture.completedFuture(response);
  }

  /** For a version not served: a client reads it as version 0 and asks again with one that is. */
  ApiVersionsResponseData unsupportedVersion() {
    ApiVersionCollection own = new ApiVersionCollection();
    own.add(version(range(this)));
    return new ApiVersionsResponseData()
        .setErrorCode(Errors.UNSUPPORTED_VERSION.code())
        .setApiKeys(own);
  }

  private ApiVersionCollection apiKeys() {
    ApiVersionCollection keys = new ApiVersionCollection(ranges.size());
    ranges.forEach(r -> keys.add(version(r)));
    return keys;
  }

  private static ApiVersion version(Range r) {
    return new ApiVersion().setApiKey(r.key()).setMinVersion(r.oldest()).setMaxVersion(r.newest());
  }

  private void addFeatures(ApiVersionsResponseData response, short version) {
    SupportedFeatureKeyCollection supported = new SupportedFeatureKeyCollection();
    FinalizedFeatureKeyCollection finalized = new FinalizedFeatureKeyCollection();
    ApiFeatures now = features.get();
    for (Feature f : now.features()) {
      // Clients of older versions fail on a supported level 0.
      if (f.oldest() > 0 || version >= LEVEL_ZERO_SINCE) {
        supported.add(
            new SupportedFeatureKey()
                .setName(f.name())
                .setMinVersion(f.oldest())
                .setMaxVersion(f.newest()));
      }
      if (f.finalized() > 0) {
        finalized.add(
            new FinalizedFeatureKey()
                .setName(f.name())
                .setMinVersionLevel(f.finalized())
                .setMaxVersionLevel(f.finalized()));
      }
    }
    response
        .setSupportedFeatures(supported)
        .setFinalizedFeatures(finalized)
        .setFinalizedFeaturesEpoch(now.epoch());
  }
}
