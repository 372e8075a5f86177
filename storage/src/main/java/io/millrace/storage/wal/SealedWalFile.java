package io.millrace.storage.wal;

import io.millrace.storage.metadata.ObjectInfo;
import java.util.Optional;

/**
 * A complete WAL file.
 *
 * @param object empty if it holds durable marks only, so that there is nothing to list
 * @param lastSequence of its last entry
 */
public record SealedWalFile(String key, Optional<ObjectInfo> object, long lastSequence) {}
