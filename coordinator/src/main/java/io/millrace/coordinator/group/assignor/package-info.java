/** Which member of a group should have which partitions; pure functions. */
@NullMarked
package io.millrace.coordinator.group.assignor;

import org.jspecify.annotations.NullMarked;
