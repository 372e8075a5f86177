package io.millrace.storage.metadata;

import java.nio.ByteBuffer;

/** An entry with its bytes and their hash; it stands in the store, or is about to. */
record StoredEntry(Entry entry, ByteBuffer bytes, long hash) {
  static StoredEntry of(Entry entry) {
    byte[] bytes = EntryCodec.encode(entry);
    return new StoredEntry(entry, ByteBuffer.wrap(bytes), Hashes.of(bytes));
  }

  /** The bytes are kept: nobody may change them afterwards. */
  static StoredEntry decode(long number, byte[] bytes) {
    return new StoredEntry(
        EntryCodec.decode(number, ByteBuffer.wrap(bytes)),
        ByteBuffer.wrap(bytes),
        Hashes.of(bytes));
  }
}
