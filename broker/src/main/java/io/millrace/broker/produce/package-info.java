/** From a partition's part of a produce request to its answer. */
@NullMarked
package io.millrace.broker.produce;

import org.jspecify.annotations.NullMarked;
