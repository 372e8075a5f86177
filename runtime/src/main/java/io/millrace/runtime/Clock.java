package io.millrace.runtime;

/**
 * Time. Safety decisions use {@link #monotonicNs()} only (invariant I6); wall time is data for
 * people and records.
 */
public interface Clock {
  /** Nanoseconds since an arbitrary point; never goes back within a process. */
  long monotonicNs();

  /** Milliseconds since the epoch, UTC; may jump either way. */
  long wallMs();
}
