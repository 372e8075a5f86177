package io.millrace.simulation;

/**
 * An invariant did not hold; the message begins with its name in docs/architecture.md or the
 * anomaly's number.
 */
public final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Violation(String message) {
    super(message);
  }

  Violation(String message, Throwable cause) {
    super(message, cause);
  }
}
