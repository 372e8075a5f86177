/** The handlers, one class per Kafka API. */
@NullMarked
package io.millrace.broker.handler;

import org.jspecify.annotations.NullMarked;
