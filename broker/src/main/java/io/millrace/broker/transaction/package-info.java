/**
 * What brokers do for transactions between themselves: asking the coordinator about a transaction,
 * sending markers to the leaders.
 */
@NullMarked
package io.millrace.broker.transaction;

import org.jspecify.annotations.NullMarked;
