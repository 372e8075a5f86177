/**
 * A whole machine from a seed: virtual time, one thread for all loops, a disk that loses what was
 * not synced.
 */
@NullMarked
package io.millrace.runtime.simulated;

import org.jspecify.annotations.NullMarked;
