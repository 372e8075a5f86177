package io.millrace.broker.api;

/** No answer is possible: the connection the request came in on must be closed. */
public final class RefusedRequestException extends Exception {
  private static final long serialVersionUID = 1L;

  public RefusedRequestException(String message) {
    super(message);
  }

  public RefusedRequestException(String message, Throwable cause) {
    super(message, cause);
  }
}
