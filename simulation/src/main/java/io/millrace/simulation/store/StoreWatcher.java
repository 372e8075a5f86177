package io.millrace.simulation.store;

/**
 * Told of what happens in the store at the moment it happens, whether or not anybody hears of it.
 */
public interface StoreWatcher {
  StoreWatcher NONE = new StoreWatcher() {};

  /**
   * An object came to be.
   *
   * @param by the view the request came through
   * @param body not to be changed
   */
  default void onStored(String by, String key, byte[] body) {}

  /** A put found another object. */
  default void onExists(String by, String key, byte[] body) {}

  /** An object is no more. */
  default void onDeleted(String by, String key) {}

  /** A view was shown the keys with a prefix. */
  default void onListed(String by, String prefix) {}

  /** A view begins a put of a key while it waits for the answer to another. */
  default void onHedged(String by, String key) {}
}
