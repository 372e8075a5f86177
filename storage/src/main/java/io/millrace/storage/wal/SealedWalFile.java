package io.millrace.storage.wal;

import io.millrace.storage.metadata.ObjectInfo;

/**
 * A complete WAL file, or one entry of an ObjectWal. There is something in it: a file is begun for
 * a batch.
 *
 * @param object what the image will know of it
 * @param lastSequence of its last entry
 */
public record SealedWalFile(ObjectInfo object, long lastSequence) {}
