/** The only door to time, chance, threads and files; the simulation swaps all of it. */
@NullMarked
package io.millrace.runtime;

import org.jspecify.annotations.NullMarked;
