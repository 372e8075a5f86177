/**
 * ObjectStore: the small interface behind which WAL, merged objects and metadata live, and its
 * implementations.
 */
@NullMarked
package io.millrace.objectstore;

import org.jspecify.annotations.NullMarked;
