package io.millrace.broker.config;

/** What a key does here. */
public sealed interface KeyStatus {
  /** The broker acts on it. */
  record InForce() implements KeyStatus {}

  /**
   * Known and checked, but without effect.
   *
   * @param reason why, as a sentence
   */
  record Accepted(String reason) implements KeyStatus {}
}
