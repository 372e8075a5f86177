package io.millrace.broker.cluster;

import io.millrace.broker.api.ApiFeatures;
import io.millrace.storage.metadata.Feature;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** The levels of features: what clients are told, and which changes are allowed, as in Kafka. */
public final class FeatureLevels {
  private FeatureLevels() {}

  /** One change asked for. */
  public record Update(String feature, short level, UpgradeType type) {}

  /** What ApiVersions says; the epoch grows with every change of the metadata. */
  public static ApiFeatures advertised(MetadataImage image) {
    List<ApiFeatures.Feature> features = new ArrayList<>();
    for (Feature each : Feature.values()) {
      features.add(
          new ApiFeatures.Feature(each.text(), each.oldest(), each.newest(), image.level(each)));
    }
    return new ApiFeatures(image.entryNumber(), features);
  }

  /** The first reason against the updates, which are made all or none; null if there is none. */
  public static @Nullable Refusal problem(MetadataImage image, List<Update> updates) {
    for (Update update : updates) {
      String reason = reason(image, update);
      if (reason != null) {
        return new Refusal(
            Errors.INVALID_UPDATE_VERSION,
            "Invalid update version %d for feature %s. %s"
                .formatted(update.level(), update.feature(), reason));
      }
      String metadata = metadataReason(image, update);
      if (metadata != null) {
        return new Refusal(Errors.INVALID_UPDATE_VERSION, metadata);
      }
    }
    return null;
  }

  private static @Nullable String reason(MetadataImage image, Update update) {
    short level = update.level();
    if (update.type() == UpgradeType.UNKNOWN) {
      return "The controller does not support the given upgrade type.";
    }
    if (level < 0) {
      return "A feature version cannot be less than 0.";
    }
    Feature feature = Feature.find(update.feature()).orElse(null);
    int controller = new ClusterView(image, "").controllerId();
    if (feature == null) {
      return "Local controller %d does not support this feature.".formatted(controller);
    }
    if (level < feature.oldest() || level > feature.newest()) {
      return "Local controller %d only supports versions %d-%d"
          .formatted(controller, feature.oldest(), feature.newest());
    }
    short present = image.level(feature);
    if (level < present && update.type() == UpgradeType.UPGRADE) {
      return "Can't downgrade the version of this feature without setting the upgrade type to"
          + " either safe or unsafe downgrade.";
    }
    return level > present && update.type() != UpgradeType.UPGRADE
        ? "Can't downgrade to a newer version."
        : null;
  }

  /** Kafka goes back to no older format of its metadata, and its tools expect the refusal. */
  private static @Nullable String metadataReason(MetadataImage image, Update update) {
    short present = image.level(Feature.METADATA_VERSION);
    if (!update.feature().equals(Feature.METADATA_VERSION.text()) || update.level() >= present) {
      return null;
    }
    String refused =
        "Unsupported metadata.version downgrade from %d to %d.".formatted(present, update.level());
    return update.type() == UpgradeType.UNSAFE_DOWNGRADE
        ? refused + " Unsafe metadata downgrade is not supported in this version."
        : refused
            + " Refusing to perform the requested downgrade because it might delete metadata"
            + " information.";
  }

  /** The levels that updates start from, by feature. */
  public static Map<String, Short> before(MetadataImage image, List<Update> updates) {
    Map<String, Short> before = new HashMap<>();
    for (Update update : updates) {
      before.put(update.feature(), image.features().getOrDefault(update.feature(), (short) 0));
    }
    return before;
  }
}
