package io.millrace.storage.metadata;

import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.ClusterCreated;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;

/**
 * Registers the incarnation of a loaded log, which fences the older incarnation of the same node
 * id.
 *
 * @param incarnation as registered, with its broker epoch
 * @param toRecover incarnations that are fenced and not recovered, for takeover
 */
public record Registration(Incarnation incarnation, List<Incarnation> toRecover) {
  /** Version of the stored formats that a new cluster begins with. */
  public static final int FORMAT_VERSION = 1;

  /**
   * Fails with {@link VoidException} if what it relies on is no longer so.
   *
   * @param registered its writer is the log's
   * @param clusterId taken if the cluster has none yet
   */
  public static CompletableFuture<Registration> register(
      MetadataLog log, IncarnationRegistered registered, Uuid clusterId) {
    CompletableFuture<Outcome> registration = log.submit(registered);
    CompletableFuture<?> settled = registration;
    if (log.image().clusterId().isEmpty()) {
      settled =
          log.submit(
              new ClusterCreated(
                  clusterId,
                  FORMAT_VERSION,
                  Feature.initialLevels())); // void if another broker was first
    }
    return settled.thenCompose(_ -> registration).thenApply(outcome -> of(log, outcome));
  }

  private static Registration of(MetadataLog log, Outcome outcome) {
    return switch (outcome) {
      case Outcome.Applied _ -> {
        MetadataImage image = log.image();
        Incarnation own = image.incarnations().get(log.writer());
        if (own == null) {
          throw new IllegalStateException(
              "registered incarnation %s is not in the image".formatted(log.writer()));
        }
        yield new Registration(
            own,
            image.incarnations().values().stream()
                .filter(i -> i.state() == IncarnationState.FENCED)
                .toList());
      }
      case Outcome.Voided(String reason, _) ->
          throw new VoidException("registration is void: " + reason);
    };
  }

  /** Another one was first; the incarnation is not registered and may try again. */
  public static final class VoidException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    VoidException(String message) {
      super(message);
    }
  }
}
