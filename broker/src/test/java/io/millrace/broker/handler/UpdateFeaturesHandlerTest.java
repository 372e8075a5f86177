package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.api.ApiFeatures;
import io.millrace.broker.cluster.FeatureLevels;
import io.millrace.storage.metadata.Feature;
import java.util.Map;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData.FeatureUpdateKey;
import org.apache.kafka.common.message.UpdateFeaturesResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpdateFeaturesHandlerTest {
  private final HandlerWorld world = new HandlerWorld(Map.of("node.id", "1"));
  private final UpdateFeaturesHandler handler = new UpdateFeaturesHandler(world.metadata);

  @Test
  void aNewClusterHasKafkasLevelsOfWhatIsServed() {
    ApiFeatures features = FeatureLevels.advertised(world.metadata.image());

    assertThat(features.epoch()).isEqualTo(world.metadata.image().entryNumber());
    assertThat(features.features())
        .contains(
            new ApiFeatures.Feature("metadata.version", (short) 7, (short) 30, (short) 30),
            new ApiFeatures.Feature("transaction.version", (short) 0, (short) 2, (short) 2),
            new ApiFeatures.Feature("group.version", (short) 0, (short) 1, (short) 1),
            new ApiFeatures.Feature("share.version", (short) 0, (short) 1, (short) 0));
  }

  @Test
  void aLevelGoesDownAndUpAgain() {
    assertThat(update("transaction.version", 0, UpgradeType.SAFE_DOWNGRADE)).isEqualTo("NONE ");
    assertThat(level(Feature.TRANSACTION_VERSION)).isZero();
    assertThat(update("transaction.version", 1, UpgradeType.UPGRADE)).isEqualTo("NONE ");
    assertThat(level(Feature.TRANSACTION_VERSION)).isEqualTo((short) 1);
  }

  @Test
  void aDryRunChangesNothing() {
    UpdateFeaturesRequestData dryRun =
        request("group.version", 0, UpgradeType.UNSAFE_DOWNGRADE).setValidateOnly(true);

    assertThat(call(2, dryRun).errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(level(Feature.GROUP_VERSION)).isEqualTo((short) 1);
  }

  @Test
  void ofSeveralUpdatesAllAreMadeOrNone() {
    UpdateFeaturesRequestData request =
        request("transaction.version", 1, UpgradeType.SAFE_DOWNGRADE);
    request
        .featureUpdates()
        .add(
            new FeatureUpdateKey()
                .setFeature("group.version")
                .setMaxVersionLevel((short) 7)
                .setUpgradeType(UpgradeType.UPGRADE.code()));

    assertThat(call(2, request).errorMessage()).contains("only supports versions 0-1");
    assertThat(level(Feature.TRANSACTION_VERSION)).isEqualTo((short) 2);
  }

  @ParameterizedTest
  @CsvSource({
    "transaction.version, 1, UPGRADE, without setting the upgrade type",
    "group.version, -1, UPGRADE, cannot be less than 0",
    "group.version, 0, UNKNOWN, does not support the given upgrade type",
    "no.such.feature, 1, UPGRADE, Local controller 1 does not support this feature",
    "metadata.version, 31, UPGRADE, only supports versions 7-30",
    "metadata.version, 25, SAFE_DOWNGRADE, downgrade from 30 to 25. Refusing",
    "metadata.version, 25, UNSAFE_DOWNGRADE, Unsafe metadata downgrade is not supported"
  })
  void whatIsNotAllowedIsRefusedInKafkasWords(
      String feature, int level, UpgradeType type, String message) {
    assertThat(update(feature, level, type))
        .startsWith(
            "INVALID_UPDATE_VERSION The update failed for all features since the following feature"
                + " had an error: ")
        .contains(message);
  }

  @Test
  void olderClientsSayOnlyWhetherALevelMayGoDownAndGetAResultForEach() {
    UpdateFeaturesRequestData request = request("transaction.version", 1, UpgradeType.UPGRADE);
    request.featureUpdates().forEach(key -> key.setAllowDowngrade(true));

    UpdateFeaturesResponseData response = call(0, request);

    assertThat(response.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(response.results().find("transaction.version").errorCode())
        .isEqualTo(Errors.NONE.code());
    assertThat(level(Feature.TRANSACTION_VERSION)).isEqualTo((short) 1);
  }

  private short level(Feature feature) {
    return world.metadata.image().level(feature);
  }

  private String update(String feature, int level, UpgradeType type) {
    UpdateFeaturesResponseData response = call(2, request(feature, level, type));
    return Errors.forCode(response.errorCode()) + " " + response.errorMessage();
  }

  private UpdateFeaturesResponseData call(int version, UpdateFeaturesRequestData request) {
    return world.call(handler, version, request, UpdateFeaturesResponseData.class);
  }

  private static UpdateFeaturesRequestData request(String feature, int level, UpgradeType type) {
    UpdateFeaturesRequestData request = new UpdateFeaturesRequestData();
    request
        .featureUpdates()
        .add(
            new FeatureUpdateKey()
                .setFeature(feature)
                .setMaxVersionLevel((short) level)
                .setUpgradeType(type.code()));
    return request;
  }
}
