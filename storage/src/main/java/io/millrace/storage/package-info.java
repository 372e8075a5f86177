/** Names shared by the storage packages. */
@NullMarked
package io.millrace.storage;

import org.jspecify.annotations.NullMarked;
