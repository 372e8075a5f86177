package io.millrace.coordinator.group.consumer;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a member says of itself.
 *
 * @param topics subscribed to by name
 * @param regex subscribed to by pattern, "" if it is not
 * @param classic of a member of the classic protocol
 */
public record MemberMetadata(
    Optional<String> instanceId,
    Optional<String> rackId,
    String clientId,
    String clientHost,
    int rebalanceTimeoutMs,
    Set<String> topics,
    String regex,
    Optional<String> assignor,
    Optional<Classic> classic) {

  /** What a member of the classic protocol needs. */
  public record Classic(int sessionTimeoutMs, List<ClassicProtocol> protocols) {}

  /** Of a member of which only other records have been read. */
  static final MemberMetadata UNKNOWN =
      new MemberMetadata(
          Optional.empty(),
          Optional.empty(),
          "",
          "",
          -1,
          Set.of(),
          "",
          Optional.empty(),
          Optional.empty());

  boolean sameSubscription(MemberMetadata other) {
    return topics.equals(other.topics) && regex.equals(other.regex);
  }
}
