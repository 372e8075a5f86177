package io.millrace.storage.object;

import java.util.function.Consumer;

/** How what is left of a log is collected. */
public sealed interface WalGarbage {
  /**
   * Files in a folder that an exclusive lock protects, which makes a boundary needless.
   *
   * @param releaser takes a file that nothing refers to and nobody reads
   */
  record Files(Consumer<String> releaser) implements WalGarbage {}

  /** Entries in a store that others may read: deleted, as anything else, by a stored boundary. */
  record Entries() implements WalGarbage {}
}
