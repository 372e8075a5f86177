/**
 * Several brokers on one store: what they ask each other, who is suspected, who leads what. No
 * safety rests on anything here; that is the metadata log's and the write-ahead log's.
 */
@NullMarked
package io.millrace.storage.cluster;

import org.jspecify.annotations.NullMarked;
