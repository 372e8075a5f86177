@NullMarked
package io.millrace.storage.metadata;

import org.jspecify.annotations.NullMarked;
