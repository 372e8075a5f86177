/** Committed offsets, those of open transactions among them: commit, fetch, removal, expiry. */
@NullMarked
package io.millrace.coordinator.group.offset;

import org.jspecify.annotations.NullMarked;
