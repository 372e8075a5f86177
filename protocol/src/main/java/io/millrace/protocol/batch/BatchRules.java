package io.millrace.protocol.batch;

/**
 * What a topic demands of the batches clients append to it.
 *
 * @param batchBytesMax {@code max.message.bytes}
 * @param compacted {@code cleanup.policy} contains compact: every record needs a key
 * @param logAppendTime {@code message.timestamp.type} is LogAppendTime
 * @param beforeMaxMs {@code message.timestamp.before.max.ms}
 * @param afterMaxMs {@code message.timestamp.after.max.ms}
 */
public record BatchRules(
    int batchBytesMax,
    boolean compacted,
    boolean logAppendTime,
    long beforeMaxMs,
    long afterMaxMs) {

  /** Kafka's defaults. */
  public static final BatchRules DEFAULT =
      new BatchRules(1_048_588, false, false, Long.MAX_VALUE, 3_600_000);
}
