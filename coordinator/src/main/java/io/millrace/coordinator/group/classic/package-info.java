/** Groups of the classic protocol: members agree by join and sync, a client assigns. */
@NullMarked
package io.millrace.coordinator.group.classic;

import org.jspecify.annotations.NullMarked;
