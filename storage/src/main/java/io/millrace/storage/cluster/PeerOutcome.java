package io.millrace.storage.cluster;

/** What came of a request to another broker. */
public sealed interface PeerOutcome {
  record Answered(PeerReply reply) implements PeerOutcome {}

  /** Nobody listens at the address: the process is gone. Nothing was delivered. */
  record Refused(String reason) implements PeerOutcome {}

  /**
   * No answer in time, or the connection broke: it may have been delivered, or be delivered yet.
   */
  record Silent(String reason) implements PeerOutcome {}
}
