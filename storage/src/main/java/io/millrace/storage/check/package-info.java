/**
 * Proves a whole store: that everything in it is as it was written, and that nothing is missing.
 */
@NullMarked
package io.millrace.storage.check;

import org.jspecify.annotations.NullMarked;
