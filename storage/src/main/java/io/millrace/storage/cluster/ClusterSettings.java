package io.millrace.storage.cluster;

import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * How the brokers of a cluster deal with each other.
 *
 * @param heartbeatIntervalNs between heartbeats, and between polls of the metadata
 * @param sessionTimeoutNs silence or store age above it is suspicious; several intervals
 * @param scribeTimeoutNs after which a scribe is silent
 * @param balance whether leadership moves to the preferred leaders and spreads by itself
 * @param interBrokerListener name of the listener at which others are reached; where there is none
 *     of that name, the first
 */
public record ClusterSettings(
    long heartbeatIntervalNs,
    long sessionTimeoutNs,
    long scribeTimeoutNs,
    boolean balance,
    String interBrokerListener) {
  public ClusterSettings {
    if (heartbeatIntervalNs <= 0 || sessionTimeoutNs <= 2 * heartbeatIntervalNs) {
      throw new IllegalArgumentException(
          "a session timeout of %d ns with a heartbeat each %d ns"
              .formatted(sessionTimeoutNs, heartbeatIntervalNs));
    }
  }

  /** Where an incarnation is reached; null if it registered no listener. */
  @Nullable Endpoint address(Incarnation incarnation) {
    return incarnation.endpoints().stream()
        .filter(endpoint -> endpoint.listener().equals(interBrokerListener))
        .findFirst()
        .or(() -> incarnation.endpoints().stream().findFirst())
        .orElse(null);
  }
}
