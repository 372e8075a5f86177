/** The write-ahead log of one incarnation. */
@NullMarked
package io.millrace.storage.wal;

import org.jspecify.annotations.NullMarked;
