package io.millrace.storage.cluster;

import io.millrace.runtime.FailureCause;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.PeerReply.Alive;
import io.millrace.storage.cluster.PeerRequest.Heartbeat;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.Registration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;

/**
 * Registers a new incarnation under a node id that no live broker has. A configured id is taken
 * from its older incarnation only if that one does not answer at its address; an id claimed
 * automatically is never taken from anybody registered.
 */
public final class NodeIds {
  /** Kafka's users count brokers from 0 or 1; a lone broker here is 1. */
  static final int LOWEST_AUTOMATIC = 1;

  /** Registrations that others may be faster than. */
  static final int ATTEMPTS_MAX = 100;

  /** A busy broker may miss one question. */
  private static final int QUESTIONS = 2;

  /** The sender of a question before it is registered. */
  static final WriterId NOBODY = new WriterId(0, 0);

  private final MetadataLog metadata;
  private final PeerLink link;
  private final ClusterSettings settings;

  /**
   * @param metadata loaded; its incarnation is not registered yet
   */
  public NodeIds(MetadataLog metadata, PeerLink link, ClusterSettings settings) {
    this.metadata = metadata;
    this.link = link;
    this.settings = settings;
  }

  /**
   * How a broker wants to register.
   *
   * @param nodeId empty: any
   */
  public record Claim(
      OptionalInt nodeId, List<Endpoint> endpoints, Optional<String> rack, String version) {}

  /** The incarnation that has the node id is alive. */
  public static final class NodeIdInUseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NodeIdInUseException(int nodeId, Endpoint address) {
      super(
          "node id %d is in use at %s:%d; give this broker another node.id, or none"
              .formatted(nodeId, address.host(), address.port()));
    }
  }

  /**
   * Completes on any thread; exceptionally with {@link NodeIdInUseException}, or as the metadata
   * log ends.
   *
   * @param clusterId taken if the cluster has none yet
   */
  public CompletableFuture<Registration> claim(Claim claim, Uuid clusterId) {
    return attempt(claim, clusterId, 1);
  }

  private CompletableFuture<Registration> attempt(Claim claim, Uuid clusterId, int number) {
    return metadata
        .refresh()
        .thenCompose(image -> {
          int nodeId = claim.nodeId().orElseGet(() -> unused(image));
          Incarnation older = image.broker(nodeId);
          return older == null
              ? register(claim, nodeId, Optional.empty(), clusterId)
              : askInUse(older, image.entryNumber(), 1)
                  .thenCompose(
                      _ -> register(claim, nodeId, Optional.of(older.writer()), clusterId));
        })
        .exceptionallyCompose(failure ->
            FailureCause.of(failure) instanceof Registration.VoidException && number < ATTEMPTS_MAX
                ? attempt(claim, clusterId, number + 1) // another one was first
                : CompletableFuture.failedFuture(FailureCause.of(failure)));
  }

  private CompletableFuture<Registration> register(
      Claim claim, int nodeId, Optional<WriterId> replaces, Uuid clusterId) {
    return Registration.register(
        metadata,
        new IncarnationRegistered(
            metadata.writer(), nodeId, replaces, claim.endpoints(), claim.rack(), claim.version()),
        clusterId);
  }

  /** The lowest that was used and is free again, so that replica lists find their brokers. */
  static int unused(MetadataImage image) {
    Set<Integer> known = new TreeSet<>();
    image.incarnations().values().forEach(incarnation -> known.add(incarnation.nodeId()));
    for (int nodeId : known) {
      if (!image.brokers().containsKey(nodeId)) {
        return nodeId;
      }
    }
    int nodeId = LOWEST_AUTOMATIC;
    while (known.contains(nodeId)) {
      nodeId++;
    }
    return nodeId;
  }

  /** Completes if the incarnation does not answer. */
  private CompletableFuture<Void> askInUse(Incarnation older, long entryNumber, int question) {
    Endpoint address = settings.address(older);
    if (address == null) {
      return CompletableFuture.completedFuture(null); // it cannot be asked
    }
    return link.call(address, new Heartbeat(NOBODY, entryNumber, 0), settings.heartbeatIntervalNs())
        .thenCompose(outcome -> {
          if (outcome instanceof PeerOutcome.Answered(Alive alive)) {
            return alive.writer().equals(older.writer())
                ? CompletableFuture.failedFuture(new NodeIdInUseException(older.nodeId(), address))
                : CompletableFuture.completedFuture(null);
          }
          return question < QUESTIONS
              ? askInUse(older, entryNumber, question + 1)
              : CompletableFuture.completedFuture(null);
        });
  }
}
