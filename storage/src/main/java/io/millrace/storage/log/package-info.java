/**
 * Partitions: offset assignment, producer checks, the tail, reads; and the engine that owns them.
 */
@NullMarked
package io.millrace.storage.log;

import org.jspecify.annotations.NullMarked;
