/** Coordinators as pure state machines over internal topics. */
@NullMarked
package io.millrace.coordinator;

import org.jspecify.annotations.NullMarked;
