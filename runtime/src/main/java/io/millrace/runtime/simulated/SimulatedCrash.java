package io.millrace.runtime.simulated;

/**
 * Unwinds the code of a process that has just died; an Error, so that no handler of I/O failures
 * mistakes it for one.
 */
public final class SimulatedCrash extends Error {
  private static final long serialVersionUID = 1L;

  public SimulatedCrash(String message) {
    super(message);
  }
}
