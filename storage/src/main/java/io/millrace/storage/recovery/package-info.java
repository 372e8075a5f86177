/** Takeover of an ended incarnation: fence, seal, recover. */
@NullMarked
package io.millrace.storage.recovery;

import org.jspecify.annotations.NullMarked;
