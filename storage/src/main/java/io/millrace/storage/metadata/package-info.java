/** The metadata log: typed records in entries with boundaries, and the image they yield. */
@NullMarked
package io.millrace.storage.metadata;

import org.jspecify.annotations.NullMarked;
