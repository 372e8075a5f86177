package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.cache.Block;
import io.millrace.storage.cache.BlockCache;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.Run;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Gets stretches of objects as checked blocks, through the cache. Any thread may call. */
final class BlockReader {
  private final StretchReader stretches;
  private final BlockCache cache;
  private final ListedReads listed;
  private final DamageLog damage;

  BlockReader(
      ObjectStore store,
      BlockCache cache,
      MetadataLog metadata,
      ObjectPins pins,
      DamageLog damage) {
    this.stretches = new StretchReader(store);
    this.cache = cache;
    this.listed = new ListedReads(metadata, pins);
    this.damage = damage;
  }

  /**
   * The block of a stretch, retained for the caller. Fails with {@link ObjectAbsentException} if
   * the object is no longer listed.
   */
  CompletableFuture<Block> block(Part part, Stretch stretch) {
    String key = part.object().key();
    BlockCache.Key name = new BlockCache.Key(key, stretch.runs().getFirst().position());
    return cache.get(
        name, stretch.bytes(), target -> load(key, part.footer(), stretch.runs(), target));
  }

  private CompletableFuture<Void> load(
      String key, PartitionFooter part, List<Run> runs, ByteBuffer target) {
    return listed
        .read(key, () -> stretches.read(key, part, runs, target))
        .whenComplete((_, failure) -> {
          if (failure != null && failure.getCause() instanceof ObjectCorruptException corrupt) {
            damage.onDamage("Corrupt data is not served: " + corrupt.getMessage());
          }
        });
  }
}
