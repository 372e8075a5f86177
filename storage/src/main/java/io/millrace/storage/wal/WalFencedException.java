package io.millrace.storage.wal;

/** The WAL has ended because others have fenced or sealed it: the incarnation is over. */
public final class WalFencedException extends WalEndedException {
  private static final long serialVersionUID = 1L;

  public WalFencedException(String message) {
    super(message, null);
  }
}
