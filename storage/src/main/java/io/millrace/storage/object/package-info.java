/** Objects and their footers, readers, merge and checkpoint objects. */
@NullMarked
package io.millrace.storage.object;

import org.jspecify.annotations.NullMarked;
