/** Bounded off-heap memory: chunks of the tail, blocks of older data. */
@NullMarked
package io.millrace.storage.cache;

import org.jspecify.annotations.NullMarked;
