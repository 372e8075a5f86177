package io.millrace.storage.recovery;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Takes over an ended incarnation: fenced, sealed, recovered, left-overs deleted. Where it stands
 * is in the image alone, so any step may be repeated, by any broker, after a crash at any point.
 * Steps: docs/protocols/recovery.md.
 */
public final class Takeover {
  private final MetadataLog metadata;
  private final WalSeal seal;
  private final LogRecovery recovery;

  public Takeover(MetadataLog metadata, WalSeal seal, LogRecovery recovery) {
    this.metadata = metadata;
    this.seal = seal;
    this.recovery = recovery;
  }

  /** Takes over every incarnation that is fenced and not recovered, one after another. */
  public CompletableFuture<Void> runAll() {
    List<WriterId> fenced =
        metadata.image().incarnations().values().stream()
            .filter(incarnation -> incarnation.state() == IncarnationState.FENCED)
            .map(Incarnation::writer)
            .toList();
    CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
    for (WriterId ended : fenced) {
      all = all.thenCompose(_ -> run(ended));
    }
    return all;
  }

  /**
   * Completes when the incarnation is recovered. Fails as {@link LogRecovery#recover} does, or if
   * this incarnation has ended.
   */
  public CompletableFuture<Void> run(WriterId ended) {
    return next(metadata.image(), ended);
  }

  private CompletableFuture<Void> next(MetadataImage image, WriterId ended) {
    Incarnation incarnation = image.incarnations().get(ended);
    if (incarnation == null && image.recoveredEnd(ended).isPresent()) {
      return CompletableFuture.completedFuture(null); // by others, long ago
    }
    if (incarnation == null) {
      return CompletableFuture.failedFuture(
          new IllegalArgumentException("unknown incarnation " + ended));
    }
    return switch (incarnation.state()) {
      case REGISTERED -> commit(new IncarnationFenced(ended), incarnation);
      case FENCED ->
          seal.seal(ended, incarnation.trim())
              .thenCompose(end -> recovery.recover(incarnation, end))
              .handle((log, failed) ->
                  failed == null
                      ? commit(recovered(incarnation, log), incarnation)
                      : unlessDone(incarnation, failed))
              .thenCompose(next -> next);
      case RECOVERED -> recovery.deleteLeftovers(image, incarnation);
    };
  }

  private CompletableFuture<Void> commit(MetadataRecord record, Incarnation before) {
    return metadata
        .submit(record)
        .thenCompose(outcome ->
            switch (outcome) {
              case Outcome.Applied(MetadataImage image) -> next(image, before.writer());
              case Outcome.Voided(String reason, MetadataImage image) -> {
                // Somebody else may have done the step; if nobody has, it cannot be done.
                yield hasMoved(image, before)
                    ? next(image, before.writer())
                    : CompletableFuture.failedFuture(new IllegalStateException(reason));
              }
            });
  }

  private static MetadataRecord recovered(Incarnation ended, RecoveredLog log) {
    return new IncarnationRecovered(ended.writer(), ended.trim(), log.endSequence(), log.objects());
  }

  /** What is missing may be so because another was faster and the entries were collected since. */
  private CompletableFuture<Void> unlessDone(Incarnation before, Throwable failure) {
    return metadata
        .refresh()
        .thenCompose(image ->
            hasMoved(image, before)
                ? next(image, before.writer())
                : CompletableFuture.failedFuture(failure));
  }

  private static boolean hasMoved(MetadataImage image, Incarnation before) {
    Incarnation now = image.incarnations().get(before.writer());
    return now == null
        ? image.recoveredEnd(before.writer()).isPresent()
        : now.state() != before.state();
  }
}
