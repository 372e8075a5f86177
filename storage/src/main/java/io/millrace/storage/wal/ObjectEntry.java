package io.millrace.storage.wal;

import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;

/**
 * An entry with its footer: the object it is to be, as it lies in memory. Holds its chunk until
 * {@link HeldChunk#release}.
 *
 * @param position in the chunk
 * @param batches number of batches
 * @param object what the image will know of it
 */
record ObjectEntry(long sequence, HeldChunk held, int position, int batches, ObjectInfo object) {
  String key() {
    return object.key();
  }

  /** The whole object; the same bytes each time (frozen since they were assembled). */
  ByteBuffer bytes() {
    return held.chunk().bytes().slice(position, Math.toIntExact(object.sizeBytes()));
  }
}
