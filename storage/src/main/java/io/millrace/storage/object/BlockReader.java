package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.Block;
import io.millrace.storage.cache.BlockCache;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.object.Footer.Run;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gets stretches of objects as checked blocks, through the cache. Any thread may call. */
final class BlockReader {
  private static final Logger LOG = LoggerFactory.getLogger(BlockReader.class);

  private final StoreReads reads;
  private final BlockCache cache;
  private final MetadataLog metadata;
  private final ObjectPins pins;

  BlockReader(ObjectStore store, BlockCache cache, MetadataLog metadata, ObjectPins pins) {
    this.reads = new StoreReads(store);
    this.cache = cache;
    this.metadata = metadata;
    this.pins = pins;
  }

  /** The block of a stretch, retained for the caller. Fails with {@link ObjectAbsentException} if the object is no longer listed. */
  CompletableFuture<Block> block(Part part, Stretch stretch) {
    String key = part.object().key();
    BlockCache.Key name = new BlockCache.Key(key, stretch.runs().getFirst().position());
    PartitionId partition = part.footer().partition();
    return cache.get(name, stretch.bytes(), target -> load(key, partition, stretch.runs(), target));
  }

  private CompletableFuture<Void> load(String key, PartitionId partition, List<Run> runs, ByteBuffer target) {
    pins.pin(key);
    CompletableFuture<Void> loaded =
        metadata.image().objects().containsKey(key)
            ? fill(key, runs, target)
            : CompletableFuture.failedFuture(new ObjectAbsentException(key));
    return loaded.whenComplete((_, _) -> pins.unpin(key)).thenRun(() -> verify(key, partition, runs, target));
  }

  /** One read for each stretch of bytes without a gap, all at once. */
  private CompletableFuture<Void> fill(String key, List<Run> runs, ByteBuffer target) {
    CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
    int at = 0;
    int first = 0;
    while (first < runs.size()) {
      int next = first;
      int bytes = 0;
      do {
        bytes += runs.get(next).bytes();
        next++;
      } while (next < runs.size() && runs.get(next).position() == runs.get(next - 1).endPosition());
      int targetAt = at;
      CompletableFuture<Void> part =
          reads
              .read(key, runs.get(first).position(), bytes)
              .thenAccept(body -> target.put(targetAt, body, body.position(), body.remaining()));
      all = all.thenCombine(part, (_, _) -> null);
      at += bytes;
      first = next;
    }
    return all;
  }

  private static void verify(String key, PartitionId partition, List<Run> runs, ByteBuffer target) {
    int at = 0;
    try {
      for (Run run : runs) {
        RunVerifier.verify(key, partition, run, target, at);
        at += run.bytes();
      }
    } catch (ObjectCorruptException e) {
      LOG.error("Corrupt data is not served: {}", e.getMessage());
      throw e;
    }
  }
}
