package io.millrace.storage.recovery;

import io.millrace.storage.metadata.ObjectInfo;
import java.util.List;

/**
 * The log of an ended incarnation, durable and ready to be published.
 *
 * @param endSequence last adopted sequence number; the trim if there was nothing
 * @param objects its files or entries, in order
 */
public record RecoveredLog(long endSequence, List<ObjectInfo> objects) {}
