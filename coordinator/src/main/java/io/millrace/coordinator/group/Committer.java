package io.millrace.coordinator.group;

import org.jspecify.annotations.Nullable;

/**
 * Who commits offsets.
 *
 * @param memberId empty if it is no member
 * @param generation generation or member epoch, negative if it is no member
 * @param version of OffsetCommit
 */
public record Committer(
    String memberId, @Nullable String groupInstanceId, int generation, short version) {
  /** From this version on a client knows the error GROUP_ID_NOT_FOUND. */
  static final int GROUP_NOT_FOUND_SINCE = 9;
}
