package io.millrace.storage.metadata;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Randomness;
import io.millrace.storage.WriterId;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Reads a metadata log without taking part in it, while others do or while nobody does. */
public final class MetadataReader {
  private final OptionalLong wanted;
  private final ImageFollower follower;
  private @Nullable MetadataImage found;
  private long oldest = -1;

  private MetadataReader(
      ObjectStore store, EventLoop loop, Clock clock, Randomness randomness, OptionalLong wanted) {
    this.wanted = wanted;
    WriterId nobody = new WriterId(randomness.nextLong(), randomness.nextLong());
    this.follower =
        new ImageFollower(
            new MetadataObjects(store, loop, randomness),
            new Turns(nobody, clock, Scribe.NONE),
            (_, after) -> onImage(after));
  }

  /**
   * The image after an entry.
   *
   * @param entryNumber empty for the newest
   * @return fails with IllegalArgumentException if the entry is no longer or not yet there, with
   *     {@link MetadataCorruptException} or {@link NewerVersionException}
   */
  public static CompletableFuture<MetadataImage> image(
      ObjectStore store,
      EventLoop loop,
      Clock clock,
      Randomness randomness,
      OptionalLong entryNumber) {
    MetadataReader reader = new MetadataReader(store, loop, clock, randomness, entryNumber);
    return CompletableFuture.supplyAsync(reader.follower::load, loop)
        .thenCompose(loaded -> loaded)
        .thenApplyAsync(_ -> reader.result(), loop);
  }

  private void onImage(MetadataImage after) {
    if (oldest < 0) {
      oldest = after.entryNumber();
    }
    if (wanted.isPresent() && after.entryNumber() == wanted.getAsLong()) {
      found = after;
    }
  }

  private MetadataImage result() {
    MetadataImage newest = follower.image();
    if (wanted.isEmpty()) {
      return newest;
    }
    MetadataImage atEntry = found;
    if (atEntry == null) {
      throw new IllegalArgumentException(
          "There is no image at entry %d: the log goes from entry %d, before which it was collected, to %d."
              .formatted(wanted.getAsLong(), Math.max(0, oldest), newest.entryNumber()));
    }
    return atEntry;
  }
}
