package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.LoadingCache;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Checkpoint objects while partitions open, many from the same object. Any thread may call. */
final class CheckpointCache {
  private final StoreReads reads;
  private final LoadingCache<Named, Loaded> cache;

  CheckpointCache(ObjectStore store, long bytesMax) {
    this.reads = new StoreReads(store);
    this.cache = new LoadingCache<>(bytesMax, this::load, Loaded::bytes);
  }

  private record Named(String key, long sizeBytes, int crc) {}

  private record Loaded(TreeMap<PartitionId, PartitionCheckpoint> partitions, long bytes) {}

  /**
   * Fails with {@link ObjectAbsentException}, {@link StoreUnavailableException} or {@link
   * ObjectCorruptException}.
   */
  CompletableFuture<PartitionCheckpoint> get(PartitionId id, Checkpoint checkpoint) {
    return cache
        .get(new Named(checkpoint.key(), checkpoint.sizeBytes(), checkpoint.crc()))
        .thenApply(loaded -> {
          PartitionCheckpoint found = loaded.partitions().get(id);
          if (found == null || found.end() != checkpoint.end()) {
            throw new ObjectCorruptException(
                "%s does not hold %s up to %d, which the image says"
                    .formatted(checkpoint.key(), id, checkpoint.end()));
          }
          return found;
        });
  }

  private CompletableFuture<Loaded> load(Named name) {
    return reads
        .read(name.key(), 0, Math.toIntExact(name.sizeBytes()))
        .thenApply(body -> decode(name, body));
  }

  private static Loaded decode(Named name, ByteBuffer body) {
    if (CheckpointCodec.crc(body) != name.crc()) {
      throw new ObjectCorruptException(
          name.key() + " is corrupt: its CRC is not the one in the image");
    }
    List<PartitionCheckpoint> partitions = CheckpointCodec.decode(name.key(), body);
    TreeMap<PartitionId, PartitionCheckpoint> byId = new TreeMap<>();
    partitions.forEach(p -> byId.put(p.partition(), p));
    return new Loaded(byId, name.sizeBytes() * 4);
  }
}
