/**
 * The whole from the outside: real processes, official clients and tools; and the rules that hold
 * across modules.
 */
@NullMarked
package io.millrace.conformance;

import org.jspecify.annotations.NullMarked;
