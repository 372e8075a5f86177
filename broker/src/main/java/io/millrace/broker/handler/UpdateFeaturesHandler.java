package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.FeatureLevels;
import io.millrace.broker.cluster.FeatureLevels.Update;
import io.millrace.broker.cluster.Refusal;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.FeaturesChanged;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData.FeatureUpdateKey;
import org.apache.kafka.common.message.UpdateFeaturesResponseData;
import org.apache.kafka.common.message.UpdateFeaturesResponseData.UpdatableFeatureResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** UpdateFeatures: changes the levels of features, all that are asked for or none. */
public final class UpdateFeaturesHandler implements ApiHandler<UpdateFeaturesRequestData> {
  /** From this version on the request says how far back a level may go. */
  private static final int UPGRADE_TYPES_SINCE = 1;

  /** From this version on only what failed is named. */
  private static final int NO_RESULTS_SINCE = 2;

  private final MetadataLog metadata;

  public UpdateFeaturesHandler(MetadataLog metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.UPDATE_FEATURES;
  }

  @Override
  public CompletableFuture<UpdateFeaturesResponseData> handle(
      RequestContext context, UpdateFeaturesRequestData request) {
    List<Update> updates =
        request.featureUpdates().stream().map(key -> update(context, key)).toList();
    return update(updates, request.validateOnly())
        .thenApply(refusal -> response(context, request, refusal));
  }

  private static Update update(RequestContext context, FeatureUpdateKey key) {
    UpgradeType type;
    if (context.version() >= UPGRADE_TYPES_SINCE) {
      type = UpgradeType.fromCode(key.upgradeType());
    } else {
      type = key.allowDowngrade() ? UpgradeType.SAFE_DOWNGRADE : UpgradeType.UPGRADE;
    }
    return new Update(key.feature(), key.maxVersionLevel(), type);
  }

  private CompletableFuture<Optional<Refusal>> update(List<Update> updates, boolean validateOnly) {
    MetadataImage image = metadata.image();
    Refusal refusal = FeatureLevels.problem(image, updates);
    if (refusal != null || validateOnly || updates.isEmpty()) {
      return CompletableFuture.completedFuture(Optional.ofNullable(refusal));
    }
    Map<String, Short> levels = new TreeMap<>();
    updates.forEach(update -> levels.put(update.feature(), update.level()));
    return metadata
        .submit(new FeaturesChanged(levels, FeatureLevels.before(image, updates)))
        .thenCompose(outcome ->
            switch (outcome) {
              case MetadataLog.Outcome.Applied _ ->
                  CompletableFuture.completedFuture(Optional.empty());
              // another change was first: judged again by the levels there are now
              case MetadataLog.Outcome.Voided _ -> update(updates, false);
            });
  }

  private static UpdateFeaturesResponseData response(
      RequestContext context, UpdateFeaturesRequestData request, Optional<Refusal> refusal) {
    UpdateFeaturesResponseData response = new UpdateFeaturesResponseData();
    if (refusal.isPresent()) {
      return response
          .setErrorCode(refusal.get().error().code())
          .setErrorMessage(
              "The update failed for all features since the following feature had an error: "
                  + refusal.get().message());
    }
    if (context.version() < NO_RESULTS_SINCE) {
      request
          .featureUpdates()
          .forEach(key ->
              response
                  .results()
                  .add(
                      new UpdatableFeatureResult()
                          .setFeature(key.feature())
                          .setErrorCode(Errors.NONE.code())
                          .setErrorMessage("")));
    }
    return response;
  }
}
