package io.millrace.storage.log;

/**
 * Binds the transaction coordinator's answer to the moment it was asked for (KIP-890): a batch that
 * opens a transaction is taken only under the guard its partition gave out for the producer, and a
 * marker in between makes that guard void. Guards are the same only if they are one object.
 */
public final class VerificationGuard {
  /** Admits nothing that would open a transaction. */
  public static final VerificationGuard NONE = new VerificationGuard();

  VerificationGuard() {}
}
