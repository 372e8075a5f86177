package io.millrace.storage.cache;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of older data, least recently used go first; apart from the log cache, so reading old data
 * never evicts the tail. One load per block at a time, on the threads of whoever loads. Any thread
 * may call. Blocks still lent out when evicted come on top of the bound, up to a few times as much:
 * then no more are loaded until readers give some back.
 */
public final class BlockCache {
  /** How many times the bound of what is cached readers may hold. */
  public static final int LENT_FACTOR = 4;

  private final long bytesMax;
  private final BlockMemory memory;
  private final Map<Key, Block> loaded = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<Key, List<CompletableFuture<Block>>> loading = new LinkedHashMap<>();
  private long bytes;
  private long loads;

  public BlockCache(long bytesMax) {
    this.bytesMax = bytesMax;
    this.memory = new BlockMemory(bytesMax / 4);
  }

  /** A block's name: it begins at this position of the object. */
  public record Key(String object, long position) {}

  /** Fills a block. */
  @FunctionalInterface
  public interface Loader {
    /**
     * Puts bytes into the whole of {@code target} (position 0 to limit) and checks them; completes
     * when done.
     */
    CompletableFuture<Void> load(ByteBuffer target);
  }

  /**
   * The block, retained for the caller, who releases it. Fails with {@link BlocksLentException} if
   * readers hold too much.
   */
  public CompletableFuture<Block> get(Key key, int size, Loader loader) {
    CompletableFuture<Block> waiter = new CompletableFuture<>();
    Block block;
    synchronized (this) {
      Block present = loaded.get(key);
      if (present != null) {
        present.retain();
        return CompletableFuture.completedFuture(present);
      }
      List<CompletableFuture<Block>> waiters = loading.get(key);
      if (waiters != null) {
        waiters.add(waiter);
        return waiter;
      }
      if (memory.usedBytes() >= LENT_FACTOR * bytesMax) {
        return CompletableFuture.failedFuture(new BlocksLentException());
      }
      block = memory.take(size);
      loading.put(key, new ArrayList<>(List.of(waiter)));
      loads++;
    }
    CompletableFuture<Void> load;
    try {
      load = loader.load(block.bytes());
    } catch (RuntimeException e) {
      load = CompletableFuture.failedFuture(e);
    }
    var _ = load.whenComplete((_, failure) -> onLoaded(key, block, failure));
    return waiter;
  }

  /** Bytes of memory that the cache's and readers' blocks take. */
  public long usedBytes() {
    return memory.usedBytes();
  }

  /** Blocks read from the store so far. */
  public synchronized long loads() {
    return loads;
  }

  private void onLoaded(Key key, Block block, @Nullable Throwable failure) {
    List<CompletableFuture<Block>> waiters;
    List<Block> evicted = new ArrayList<>();
    synchronized (this) {
      waiters = loading.remove(key);
      if (waiters == null) {
        throw new IllegalStateException("nobody asked for " + key);
      }
      if (failure == null) {
        waiters.forEach(_ -> block.retain());
        loaded.put(key, block);
        bytes += block.memoryBytes();
        evict(evicted);
      } else {
        evicted.add(block);
      }
    }
    evicted.forEach(Block::release);
    for (CompletableFuture<Block> waiter : waiters) {
      if (failure == null) {
        waiter.complete(block);
      } else {
        waiter.completeExceptionally(failure);
      }
    }
  }

  private void evict(List<Block> evicted) {
    Iterator<Block> oldest = loaded.values().iterator();
    while (bytes > bytesMax && oldest.hasNext()) {
      Block block = oldest.next();
      bytes -= block.memoryBytes();
      evicted.add(block);
      oldest.remove();
    }
  }
}
