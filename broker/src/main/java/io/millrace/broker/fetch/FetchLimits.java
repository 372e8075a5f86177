package io.millrace.broker.fetch;

import io.millrace.storage.log.PartitionLog.Isolation;

/**
 * How much a fetch returns, and when.
 *
 * @param bytesMin answered at once if there is as much
 * @param bytesMax of all partitions; the first batch is returned even if larger
 * @param waitNsMax answered with what there is after this time
 */
public record FetchLimits(int bytesMin, int bytesMax, long waitNsMax, Isolation isolation) {}
