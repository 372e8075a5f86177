/** The transaction coordinator: pure state machines replayed from __transaction_state. */
@NullMarked
package io.millrace.coordinator.transaction;

import org.jspecify.annotations.NullMarked;
