package io.millrace.storage.cluster;

/** Bytes from another process that are no request or answer of this version's. */
public final class PeerFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PeerFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
