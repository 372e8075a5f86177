package io.millrace.storage.cluster;

/**
 * What was last heard of another broker.
 *
 * @param entryNumber of its image
 * @param agoNs how long ago
 */
public record Heard(long entryNumber, long agoNs) {}
