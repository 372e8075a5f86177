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
  /** From this version on a client knows epochs of members, and the errors that come with them. */
  static final int MEMBER_EPOCHS_SINCE = 9;
}
