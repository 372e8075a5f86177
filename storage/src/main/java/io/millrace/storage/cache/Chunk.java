package io.millrace.storage.cache;

import java.nio.ByteBuffer;

/**
 * A piece of off-heap memory shared by reference count. WAL entries are assembled in chunks, and
 * the same bytes are the log cache: the tail is served from them without a copy. The creator holds
 * one reference; whoever serves a part takes its own for that time.
 */
public interface Chunk {
  /** Absolute access only; big-endian. */
  ByteBuffer bytes();

  /** Takes a reference; false once the chunk was evicted or is free: read the file instead. */
  boolean retain();

  /** Gives one back; the last frees the memory. */
  void release();
}
