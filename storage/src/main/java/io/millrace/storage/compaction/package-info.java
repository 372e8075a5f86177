/** Compaction by key, one partition at a time: which records stay, and the proof that they did. */
@NullMarked
package io.millrace.storage.compaction;

import org.jspecify.annotations.NullMarked;
