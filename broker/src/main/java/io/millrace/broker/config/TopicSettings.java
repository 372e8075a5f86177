package io.millrace.broker.config;

/**
 * What is in effect for a topic.
 *
 * @param logAppendTime whether records get the broker's time; else they keep the producer's
 * @param compressionType codec by Kafka's name, "uncompressed", or "producer" to keep what came
 * @param gzipLevel -1 for the codec's own default
 * @param compact whether cleanup.policy names it
 * @param delete whether cleanup.policy names it
 * @param retentionMs -1 for ever
 * @param retentionBytes negative for no limit
 */
public record TopicSettings(
    int maxMessageBytes,
    boolean logAppendTime,
    long timestampBeforeMaxMs,
    long timestampAfterMaxMs,
    String compressionType,
    int gzipLevel,
    int lz4Level,
    int zstdLevel,
    boolean compact,
    boolean delete,
    long retentionMs,
    long retentionBytes,
    long deleteRetentionMs,
    long minCompactionLagMs,
    long maxCompactionLagMs,
    double minCleanableDirtyRatio,
    long segmentMs,
    int segmentBytes) {}
