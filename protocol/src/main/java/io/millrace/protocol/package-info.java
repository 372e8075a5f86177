/**
 * Kafka's wire protocol: requests guarded and decoded, responses encoded; kafka-clients' generated
 * messages behind it.
 */
@NullMarked
package io.millrace.protocol;

import org.jspecify.annotations.NullMarked;
