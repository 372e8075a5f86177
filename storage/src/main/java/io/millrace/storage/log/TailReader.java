package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.cache.BlocksLentException;
import io.millrace.storage.cache.Chunk;
import io.millrace.storage.cache.LentMemory;
import io.millrace.storage.log.TailIndex.Ref;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Gets the bytes the tail's references point to: from the log cache, else from the WAL's file. Any
 * thread may call.
 */
final class TailReader {
  private final FileReads files;
  private final LentMemory lent;

  /** Positional reads of this incarnation's WAL files, on threads of their own. */
  interface FileReads {
    CompletableFuture<ByteBuffer> read(long fileCounter, long position, int bytes);
  }

  /**
   * @param lent bounds what was read from files and not released yet
   */
  TailReader(FileReads files, LentMemory lent) {
    this.files = files;
    this.lent = lent;
  }

  /** All of one reference's batches, position 0 to limit, to be released once. */
  record Loaded(ByteBuffer bytes, Runnable onRelease) {
    void release() {
      onRelease.run();
    }
  }

  /** Null if the cache has evicted it. */
  @Nullable Loaded ifCached(Ref ref) {
    Chunk chunk = ref.chunk();
    if (!chunk.retain()) {
      return null;
    }
    return new Loaded(chunk.bytes().slice(ref.chunkPosition(), ref.bytes()), chunk::release);
  }

  /**
   * Fails with CorruptRecordException, with BlocksLentException if readers hold too much, or with
   * what the file's reader fails with.
   */
  CompletableFuture<Loaded> load(Ref ref) {
    Loaded cached = ifCached(ref);
    if (cached != null) {
      return CompletableFuture.completedFuture(cached);
    }
    try {
      lent.take(ref.bytes());
    } catch (BlocksLentException e) {
      return CompletableFuture.failedFuture(e);
    }
    return files
        .read(ref.fileCounter(), ref.filePosition(), ref.bytes())
        .thenApply(bytes -> {
          BatchSpan.verify(bytes, ref.baseOffset(), ref.endOffset());
          return new Loaded(bytes, () -> lent.giveBack(ref.bytes()));
        })
        .whenComplete((_, failure) -> {
          if (failure != null) {
            lent.giveBack(ref.bytes());
          }
        });
  }

  /**
   * Whole batches from the one that holds {@code offset} on, up to {@code endOffset} and {@code
   * bytesMax}: as many as the cache holds, or those of the first reference if the cache has lost
   * it.
   */
  CompletableFuture<History.Batches> read(
      List<Ref> refs, long offset, long endOffset, int bytesMax, boolean atLeastOne) {
    Selection selection = new Selection(offset, endOffset, bytesMax, atLeastOne);
    for (Ref ref : refs) {
      Loaded loaded = ifCached(ref);
      if (loaded == null) {
        break;
      }
      if (!selection.take(ref, loaded)) {
        return CompletableFuture.completedFuture(selection.batches());
      }
    }
    if (selection.began) {
      return CompletableFuture.completedFuture(selection.batches());
    }
    Ref first = refs.getFirst();
    return load(first)
        .thenApply(loaded -> {
          selection.take(first, loaded);
          return selection.batches();
        })
        .exceptionallyCompose(failure ->
            // who has something already gets the rest with the next request
            !atLeastOne && FailureCause.of(failure) instanceof BlocksLentException
                ? CompletableFuture.completedFuture(
                    new History.Batches(List.of(), offset, null, () -> {}))
                : CompletableFuture.failedFuture(failure));
  }

  /** What a read has taken so far. */
  private static final class Selection {
    private final long offset;
    private final long endOffset;
    private final boolean atLeastOne;
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private final List<Loaded> held = new ArrayList<>();
    private int bytesLeft;
    private long takenEnd;
    private boolean began;

    Selection(long offset, long endOffset, int bytesMax, boolean atLeastOne) {
      this.offset = offset;
      this.endOffset = endOffset;
      this.bytesLeft = bytesMax;
      this.takenEnd = offset;
      this.atLeastOne = atLeastOne;
    }

    /** False if nothing more can be taken. */
    boolean take(Ref ref, Loaded loaded) {
      ByteBuffer b = loaded.bytes();
      int limit = b.limit();
      int from = began ? 0 : BatchSpan.find(b, 0, limit, offset);
      boolean whole = ref.endOffset() <= endOffset && limit - from <= bytesLeft;
      int to = whole ? limit : BatchSpan.end(b, from, limit, endOffset, bytesLeft);
      if (to == from && !began && atLeastOne) {
        to = BatchSpan.next(b, from, limit);
      }
      began = true;
      if (to == from) {
        loaded.release();
        return false;
      }
      buffers.add(b.slice(from, to - from));
      held.add(loaded);
      bytesLeft -= to - from;
      takenEnd = to == limit ? ref.endOffset() : BatchHeader.baseOffset(b, to);
      return to == limit && bytesLeft > 0;
    }

    History.Batches batches() {
      return new History.Batches(buffers, takenEnd, null, () -> held.forEach(Loaded::release));
    }
  }
}
