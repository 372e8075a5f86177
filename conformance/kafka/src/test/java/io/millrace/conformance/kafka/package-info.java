/**
 * Apache Kafka's own published integration tests, run against clusters of Millrace brokers: what
 * their annotations ask for is started in this process.
 */
@NullMarked
package io.millrace.conformance.kafka;

import org.jspecify.annotations.NullMarked;
