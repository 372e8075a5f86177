/** What an operator writes to name a shared store, and the opening of what it names. */
@NullMarked
package io.millrace.objectstore.location;

import org.jspecify.annotations.NullMarked;
