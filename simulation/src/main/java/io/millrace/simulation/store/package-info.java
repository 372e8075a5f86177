/** One object store that every simulated broker reaches through a faulty view of its own. */
@NullMarked
package io.millrace.simulation.store;

import org.jspecify.annotations.NullMarked;
