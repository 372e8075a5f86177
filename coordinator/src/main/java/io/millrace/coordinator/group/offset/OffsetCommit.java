package io.millrace.coordinator.group.offset;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * One partition of an offset commit, its topic resolved.
 *
 * @param leaderEpoch -1 if the client does not know it
 */
public record OffsetCommit(
    String topic,
    Uuid topicId,
    int partition,
    long offset,
    int leaderEpoch,
    @Nullable String metadata) {

  /** What speaks against committing for a partition. */
  @FunctionalInterface
  public interface Check {
    /** NONE if nothing does. */
    Errors of(OffsetCommit commit);
  }
}
