package io.millrace.storage.cluster;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.Command;
import java.util.List;

/** What one broker asks of another. All of it may be lost, late or answered by a later life. */
public sealed interface PeerRequest {
  /**
   * Tells how the sender fares and asks the same of the receiver; sent by time, and at once after a
   * commit, so that others read it soon.
   *
   * @param from the sender's incarnation; empty id (0, 0) before it is registered
   * @param entryNumber of the sender's validated image
   * @param storeAgeMs since the store last answered the sender
   */
  record Heartbeat(WriterId from, long entryNumber, long storeAgeMs) implements PeerRequest {}

  /**
   * Asks the scribe to commit commands of the sender, in order. Their numbers are consecutive.
   *
   * @param entryNumber of the sender's validated image; the answer brings the entries after it
   */
  record Commit(WriterId from, long entryNumber, List<Command> commands) implements PeerRequest {}

  /** Asks whether the receiver suspects an incarnation too. */
  record Suspect(WriterId from, WriterId about) implements PeerRequest {}
}
