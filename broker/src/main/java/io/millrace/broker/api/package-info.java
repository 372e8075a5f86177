/**
 * One handler per Kafka API and the table that lists them; what is in the table is what is
 * supported.
 */
@NullMarked
package io.millrace.broker.api;

import org.jspecify.annotations.NullMarked;
