/**
 * Whole brokers on a virtual clock and a faulty disk, with clients whose every answer is checked;
 * all of it from one seed.
 */
@NullMarked
package io.millrace.simulation;

import org.jspecify.annotations.NullMarked;
