package io.millrace.broker;

import java.util.List;

/**
 * The broker cannot start for reasons the operator can mend. Each problem is one line that names the key, value or path
 * and says what to do; all that are known are told at once.
 */
public final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  public StartException(String problem) {
    super(problem);
  }

  public StartException(String problem, Throwable cause) {
    super(problem, cause);
  }

  public StartException(List<String> problems) {
    super(String.join(System.lineSeparator(), problems));
  }
}
