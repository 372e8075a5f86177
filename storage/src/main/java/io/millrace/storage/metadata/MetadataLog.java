package io.millrace.storage.metadata;

import io.millrace.storage.WriterId;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's metadata as one incarnation sees and changes it. One per incarnation. Any thread
 * may call.
 */
public interface MetadataLog extends AutoCloseable {
  /** The incarnation that issues the commands. */
  WriterId writer();

  /** The newest validated image; read without locks by any thread. */
  MetadataImage image();

  /**
   * Issues one command of this incarnation and settles it; commands take effect in the order handed
   * over. Completes on the metadata loop; exceptionally only if the incarnation has ended ({@link
   * IncarnationEndedException}) or too many commands wait ({@link
   * java.util.concurrent.RejectedExecutionException}, nothing was issued).
   */
  CompletableFuture<Outcome> submit(MetadataRecord record);

  /**
   * Commits for another broker, as the scribe: its commands, whatever became of them. Completes
   * with the reasons of those that are void on the newest image, and the entries after the asker's
   * image that are at hand; exceptionally with {@link
   * java.util.concurrent.RejectedExecutionException} if nothing was done, with another exception if
   * nobody knows.
   *
   * @param askersEntryNumber of the asker's image
   * @param commands in order, of one issuer other than this, whom the caller knows
   */
  CompletableFuture<Scribe.Answer.Committed> commitFor(
      long askersEntryNumber, List<Command> commands);

  /** A newcomer is about to register: lets it have a turn. For speed only. */
  void leaveTurn();

  /** Another broker's image is at this entry: reads it, unless it was read already. */
  void onNudge(long entryNumber);

  /**
   * Reads what other brokers have committed; completes on the metadata loop with the image at the
   * tip.
   */
  CompletableFuture<MetadataImage> refresh();

  /**
   * Numbers for the objects this incarnation uploads (data, checkpoints, snapshots); their floor is
   * committed by the log itself.
   */
  UploadNumbers uploads();

  /**
   * The newest boundary whose image this log holds, on which collecting garbage may rest (invariant
   * I8); null before the first.
   */
  @Nullable CollectorBoundary collectorBoundary();

  /**
   * Garbage waits for a newer boundary than {@link #collectorBoundary()}, and entries enough for
   * one may be long in coming: puts one soon, if there is any entry since.
   */
  void wantBoundary();

  /**
   * Completes when the incarnation is over by itself, not by {@link #close}: {@link
   * IncarnationEndedException} if fenced, {@link MetadataCorruptException} and the like if the log
   * cannot be read. Nothing of the incarnation may be acknowledged afterwards.
   */
  CompletableFuture<Throwable> ended();

  /** Ends at once; what is not settled stays so. */
  @Override
  void close();

  /**
   * A stored boundary.
   *
   * @param number its k
   * @param snapshotKey the snapshot it names
   * @param image the image at its entry
   */
  record CollectorBoundary(long number, String snapshotKey, MetadataImage image) {}

  /**
   * Called on the metadata loop after each applied entry with (before, after), before the commands
   * of that entry complete.
   */
  void addListener(BiConsumer<MetadataImage, MetadataImage> listener);

  /** What became of a command. */
  sealed interface Outcome {
    /** It stands; {@code image} is the first that shows it. */
    record Applied(MetadataImage image) implements Outcome {}

    /** What it relied on was no longer so; nothing changed. */
    record Voided(String reason, MetadataImage image) implements Outcome {}
  }

  /** This incarnation is fenced or its loop has ended. */
  final class IncarnationEndedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public IncarnationEndedException(String message) {
      super(message);
    }
  }
}
