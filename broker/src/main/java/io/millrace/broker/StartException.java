package io.millrace.broker;

import java.util.ArrayList;
import java.util.List;

/**
 * The broker cannot start for reasons the operator can mend. Each problem is one line that names
 * the key, value or path and says what to do; all that are known are told at once.
 */
public final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  private final ArrayList<String> problems;

  public StartException(List<String> problems) {
    super(String.join("; ", problems));
    this.problems = new ArrayList<>(problems);
  }

  public StartException(String problem) {
    this(List.of(problem));
  }

  public StartException(String problem, Throwable cause) {
    this(problem);
    initCause(cause);
  }

  public List<String> problems() {
    return List.copyOf(problems);
  }
}
