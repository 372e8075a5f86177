package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.Keys;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.CheckpointEntry;
import io.millrace.storage.metadata.MetadataRecord.CheckpointTaken;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Stores checkpoints, many partitions in one object, and names them in the metadata. On one loop.
 */
final class CheckpointWriter {
  static final long OBJECT_BYTES_MAX = 8L << 20;
  private static final int ATTEMPTS_MAX = 5;
  private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(200);

  private final ObjectStore store;
  private final MetadataLog metadata;
  private final EventLoop loop;

  CheckpointWriter(ObjectStore store, MetadataLog metadata, EventLoop loop) {
    this.store = store;
    this.metadata = metadata;
    this.loop = loop;
  }

  /** A partition's checkpoint and the epoch at which this incarnation leads it. */
  record Led(PartitionCheckpoint checkpoint, int leaderEpoch) {}

  /**
   * Completes when all stand in the image or are void; fails if the store or the incarnation does.
   */
  CompletableFuture<Void> write(List<Led> partitions) {
    Iterator<List<Led>> objects = split(partitions).iterator();
    return LoopSteps.repeat(
        loop,
        () ->
            objects.hasNext()
                ? writeObject(objects.next()).thenApply(_ -> true)
                : CompletableFuture.completedFuture(false));
  }

  private CompletableFuture<Void> writeObject(List<Led> partitions) {
    ByteBuffer body = CheckpointCodec.encode(partitions.stream().map(Led::checkpoint).toList());
    long counter = metadata.uploads().begin();
    String key = Keys.checkpoint(metadata.writer(), counter);
    CheckpointTaken taken =
        new CheckpointTaken(
            key,
            body.remaining(),
            CheckpointCodec.crc(body),
            partitions.stream()
                .map(p ->
                    new CheckpointEntry(
                        p.checkpoint().partition(), p.leaderEpoch(), p.checkpoint().end()))
                .toList());
    return put(key, body, 1)
        .thenComposeAsync(_ -> metadata.submit(taken), loop)
        .whenCompleteAsync((_, _) -> metadata.uploads().settle(counter), loop)
        .thenAccept(_ -> {});
  }

  /**
   * Exists after an attempt without answer is most likely our own object; reading it settles that.
   */
  private CompletableFuture<Void> put(String key, ByteBuffer body, int attempt) {
    return store
        .putIfAbsent(key, body.slice())
        .thenComposeAsync(
            outcome ->
                switch (outcome) {
                  case PutOutcome.Stored() -> CompletableFuture.completedFuture(null);
                  case PutOutcome.Exists() -> compare(key, body, attempt);
                  case PutOutcome.Unknown(String reason) -> again(key, body, attempt, reason);
                },
            loop);
  }

  private CompletableFuture<Void> compare(String key, ByteBuffer body, int attempt) {
    return store
        .get(key, body.remaining())
        .thenComposeAsync(
            outcome -> {
              if (outcome instanceof GetOutcome.Found(ByteBuffer found) && found.equals(body)) {
                return CompletableFuture.completedFuture(null);
              }
              return outcome instanceof GetOutcome.Unknown(String reason)
                  ? again(key, body, attempt, reason)
                  : CompletableFuture.failedFuture(
                      new ObjectCorruptException(
                          key + " exists with bytes its writer did not write"));
            },
            loop);
  }

  private CompletableFuture<Void> again(String key, ByteBuffer body, int attempt, String reason) {
    if (attempt == ATTEMPTS_MAX) {
      return CompletableFuture.failedFuture(
          new StoreUnavailableException("writing %s: %s".formatted(key, reason)));
    }
    CompletableFuture<Void> waited = new CompletableFuture<>();
    loop.schedule(RETRY_NS << attempt, () -> waited.complete(null));
    return waited.thenCompose(_ -> put(key, body, attempt + 1));
  }

  private static List<List<Led>> split(List<Led> partitions) {
    List<Led> sorted =
        partitions.stream()
            .sorted(Comparator.comparing((Led p) -> p.checkpoint().partition()))
            .toList();
    List<List<Led>> objects = new ArrayList<>();
    List<Led> current = new ArrayList<>();
    long bytes = 0;
    for (Led p : sorted) {
      long more = CheckpointCodec.bytes(p.checkpoint());
      if (!current.isEmpty() && bytes + more > OBJECT_BYTES_MAX) {
        objects.add(current);
        current = new ArrayList<>();
        bytes = 0;
      }
      current.add(p);
      bytes += more;
    }
    if (!current.isEmpty()) {
      objects.add(current);
    }
    return objects;
  }
}
