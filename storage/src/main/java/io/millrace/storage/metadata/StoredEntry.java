package io.millrace.storage.metadata;

/** An entry that stands in the store, with the hash of its bytes. */
record StoredEntry(Entry entry, long hash) {}
