package io.millrace.storage.log;

import io.millrace.storage.cache.Chunk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where the newest durable batches of a partition lie: in the log cache and in the WAL's files.
 * Offsets are dense. Batches that lie next to each other share a reference, so there is at most one
 * per WAL entry and {@link #REF_BYTES_MAX} bytes. Any thread may call.
 */
final class TailIndex {
  /** A reference grows to about this size, so that finding an offset walks few batch headers. */
  static final int REF_BYTES_MAX = 256 * 1024;

  private @Nullable Ref[] ring = new @Nullable Ref[16];
  private int head;
  private int size;

  /**
   * Whole batches next to each other.
   *
   * @param chunk may have been evicted: take a reference before reading
   * @param maxTimestamp the largest of its batches
   */
  record Ref(
      long baseOffset,
      long endOffset,
      int bytes,
      long maxTimestamp,
      Chunk chunk,
      int chunkPosition,
      long fileCounter,
      long filePosition) {

    @SuppressWarnings("ReferenceEquality") // a chunk is a place in memory, not a value
    private boolean continuedBy(Ref next) {
      return chunk == next.chunk
          && chunkPosition + bytes == next.chunkPosition
          && fileCounter == next.fileCounter
          && filePosition + bytes == next.filePosition
          && bytes + next.bytes <= REF_BYTES_MAX;
    }

    private Ref plus(Ref next) {
      return new Ref(
          baseOffset,
          next.endOffset,
          bytes + next.bytes,
          Math.max(maxTimestamp, next.maxTimestamp),
          chunk,
          chunkPosition,
          fileCounter,
          filePosition);
    }
  }

  /** Adds the batches that follow. */
  synchronized void add(Ref ref) {
    if (size > 0) {
      Ref last = at(size - 1);
      if (ref.baseOffset() != last.endOffset()) {
        throw new IllegalStateException(
            "offset %d follows offset %d in the tail"
                .formatted(ref.baseOffset(), last.endOffset()));
      }
      if (last.continuedBy(ref)) {
        ring[slot(size - 1)] = last.plus(ref);
        return;
      }
    }
    if (size == ring.length) {
      grow();
    }
    ring[slot(size)] = ref;
    size++;
  }

  /**
   * References from the one that holds {@code offset}, in order, until they hold {@code bytes};
   * empty if it is below the tail.
   */
  synchronized List<Ref> from(long offset, long bytes) {
    int index = indexOf(offset);
    if (index < 0) {
      return List.of();
    }
    List<Ref> found = new ArrayList<>();
    long taken = 0;
    while (index < size && (found.isEmpty() || taken < bytes)) {
      Ref ref = at(index++);
      // of the first, what lies before the offset is not taken; it may be all but one byte
      taken += found.isEmpty() ? 1 : ref.bytes();
      found.add(ref);
    }
    return found;
  }

  /** The references that {@code wanted} picks, in order. */
  synchronized List<Ref> matching(Predicate<Ref> wanted) {
    List<Ref> found = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      if (wanted.test(at(i))) {
        found.add(at(i));
      }
    }
    return found;
  }

  /** First offset in the tail; {@code Long.MAX_VALUE} if it is empty. */
  synchronized long firstOffset() {
    return size == 0 ? Long.MAX_VALUE : at(0).baseOffset();
  }

  /**
   * Drops the oldest references of files up to {@code publishedCounter} as far as their chunks are
   * evicted.
   */
  synchronized void prune(long publishedCounter) {
    while (size > 0) {
      Ref first = at(0);
      if (first.fileCounter() > publishedCounter) {
        return;
      }
      if (first.chunk().retain()) {
        first.chunk().release();
        return;
      }
      dropFirst();
    }
  }

  /**
   * Drops the references of files up to {@code publishedCounter} that end at or below an offset.
   */
  synchronized void forget(long end, long publishedCounter) {
    while (size > 0 && at(0).endOffset() <= end && at(0).fileCounter() <= publishedCounter) {
      dropFirst();
    }
  }

  private void dropFirst() {
    ring[head] = null;
    head = slot(1);
    size--;
  }

  synchronized int size() {
    return size;
  }

  private int indexOf(long offset) {
    int low = 0;
    int high = size - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      Ref ref = at(middle);
      if (ref.endOffset() <= offset) {
        low = middle + 1;
      } else if (ref.baseOffset() > offset) {
        high = middle - 1;
      } else {
        return middle;
      }
    }
    return -1;
  }

  private Ref at(int index) {
    Ref ref = ring[slot(index)];
    if (ref == null) {
      throw new IllegalStateException("no reference at " + index);
    }
    return ref;
  }

  private int slot(int index) {
    return (head + index) & (ring.length - 1);
  }

  private void grow() {
    @Nullable Ref[] larger = Arrays.copyOf(ring, ring.length * 2);
    for (int i = 0; i < size; i++) {
      larger[i] = ring[slot(i)];
    }
    Arrays.fill(larger, size, larger.length, null);
    ring = larger;
    head = 0;
  }
}
