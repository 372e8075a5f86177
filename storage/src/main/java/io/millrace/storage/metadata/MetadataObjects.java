package io.millrace.storage.metadata;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Randomness;
import io.millrace.storage.Keys;
import io.millrace.storage.StoreCalls;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The objects of the metadata log, read and put until their fate is known. Used on the loop;
 * futures complete there.
 */
final class MetadataObjects {
  private final StoreCalls store;

  MetadataObjects(ObjectStore store, EventLoop loop, Randomness randomness) {
    this.store = new StoreCalls(store, loop, randomness);
  }

  /** The incarnation is over: nothing is tried again, and what is under way never completes. */
  void close() {
    store.close();
  }

  /** What became of a put. */
  sealed interface Settled {
    /** These bytes stand under the key. */
    record Ours() implements Settled {}

    /** Others do, or did before they were collected. */
    record Theirs() implements Settled {}
  }

  CompletableFuture<Optional<StoredEntry>> entry(long number) {
    return read(Keys.metaEntry(number), EntryCodec.BYTES_MAX)
        .thenApply(body -> body.map(b -> StoredEntry.decode(number, array(b))));
  }

  CompletableFuture<Optional<Boundary>> boundary(long number) {
    return read(Keys.boundary(number), Boundary.BYTES_MAX)
        .thenApply(body -> body.map(b -> Boundary.decode(number, b)));
  }

  /**
   * The image a boundary names; empty if its snapshot is gone, which a newer boundary must explain.
   */
  CompletableFuture<Optional<MetadataImage>> snapshot(Boundary boundary) {
    return read(boundary.snapshotKey(), SnapshotCodec.BYTES_MAX)
        .thenApply(body ->
            body.map(b -> checked(boundary, SnapshotCodec.decode(boundary.snapshotKey(), b))));
  }

  /**
   * Puts the bytes, again and again the same, until it is known whether they or others stand under
   * the key.
   */
  CompletableFuture<Settled> put(String key, byte[] bytes) {
    return create(key, bytes)
        .thenCompose(created ->
            created ? CompletableFuture.completedFuture(new Settled.Ours()) : compare(key, bytes));
  }

  /**
   * Puts the bytes, again and again the same, until something stands under the key.
   *
   * @return true if the last attempt made it; false if it found an object, which an attempt before
   *     may have made
   */
  CompletableFuture<Boolean> create(String key, byte[] bytes) {
    return store
        .putIfAbsent(key, ByteBuffer.wrap(bytes))
        .thenApply(outcome ->
            switch (outcome) {
              case PutOutcome.Stored _ -> true;
              case PutOutcome.Exists _ -> false;
              case PutOutcome.Unknown unknown ->
                  throw new IllegalStateException("settled as " + unknown);
            });
  }

  private CompletableFuture<Settled> compare(String key, byte[] bytes) {
    // a larger object is theirs, and no error: it may be anything a writer of another version put
    // there
    return store
        .get(key, bytes.length)
        .thenApply(outcome ->
            outcome instanceof GetOutcome.Found found && found.body().equals(ByteBuffer.wrap(bytes))
                ? new Settled.Ours()
                : new Settled.Theirs());
  }

  private CompletableFuture<Optional<ByteBuffer>> read(String key, int bytesMax) {
    return store
        .get(key, bytesMax)
        .thenApply(outcome ->
            switch (outcome) {
              case GetOutcome.Found found -> Optional.of(found.body());
              case GetOutcome.Absent _ -> Optional.empty();
              case GetOutcome.TooLarge large ->
                  throw new MetadataCorruptException(
                      "%s is corrupt: %d bytes long, at most %d expected"
                          .formatted(key, large.bytes(), bytesMax));
              case GetOutcome.Unknown unknown ->
                  throw new IllegalStateException("settled as " + unknown);
            });
  }

  static MetadataImage checked(Boundary boundary, MetadataImage image) {
    if (image.entryNumber() != boundary.entryNumber()
        || image.entryHash() != boundary.entryHash()) {
      throw new MetadataCorruptException(
          "%s is corrupt: it holds entry %d, %s names entry %d"
              .formatted(
                  boundary.snapshotKey(),
                  image.entryNumber(),
                  Keys.boundary(boundary.number()),
                  boundary.entryNumber()));
    }
    return image;
  }

  private static byte[] array(ByteBuffer body) {
    byte[] bytes = new byte[body.remaining()];
    body.get(body.position(), bytes);
    return bytes;
  }
}
