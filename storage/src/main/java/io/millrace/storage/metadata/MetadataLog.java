package io.millrace.storage.metadata;

import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

/** The cluster's metadata as one incarnation sees and changes it. */
public interface MetadataLog {
  /** The newest validated image; read without locks by any thread. */
  MetadataImage image();

  /**
   * Issues one command of this incarnation and settles it. Completes on the metadata loop; exceptionally only if the incarnation has
   * ended ({@link IncarnationEndedException}).
   */
  CompletableFuture<Outcome> submit(MetadataRecord record);

  /** Called on the metadata loop after each applied entry with (before, after), before the commands of that entry complete. */
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
