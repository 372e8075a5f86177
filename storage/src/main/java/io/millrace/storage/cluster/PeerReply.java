package io.millrace.storage.cluster;

import io.millrace.storage.WriterId;
import java.util.List;
import java.util.Optional;

/** What a broker answers to a {@link PeerRequest}. */
public sealed interface PeerReply {
  /**
   * To a heartbeat.
   *
   * @param writer the receiver's present incarnation
   * @param entryNumber of its validated image
   * @param storeAgeMs since the store last answered it
   */
  record Alive(WriterId writer, int nodeId, long entryNumber, long storeAgeMs)
      implements PeerReply {}

  /**
   * To a commit.
   *
   * @param voidReasons per command, in order: why it was void on the newest image; empty if it
   *     stands
   * @param entries bytes of the entries after the asker's image, in order, as many as are at hand;
   *     the asker validates them like any it read
   */
  record Committed(List<Optional<String>> voidReasons, List<byte[]> entries) implements PeerReply {}

  /** To a suspicion. */
  record Opinion(boolean suspected) implements PeerReply {}

  /** The request cannot be served; nothing was done. */
  record Declined(String reason) implements PeerReply {}
}
