/** Record batches (format v2) read in place: header fields, checks, hashes. */
@NullMarked
package io.millrace.protocol.batch;

import org.jspecify.annotations.NullMarked;
