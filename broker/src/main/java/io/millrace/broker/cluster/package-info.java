/**
 * What the metadata image says of brokers and topics in Kafka's terms, and what it takes to make a
 * topic.
 */
@NullMarked
package io.millrace.broker.cluster;

import org.jspecify.annotations.NullMarked;
