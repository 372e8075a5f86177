package io.millrace.coordinator.transaction;

/** What became of the markers of a transaction. */
public enum MarkerOutcome {
  /** Every partition that there still is has its marker. */
  WRITTEN,

  /** Another coordinator has taken over; the transaction is for it to end. */
  GIVEN_UP
}
