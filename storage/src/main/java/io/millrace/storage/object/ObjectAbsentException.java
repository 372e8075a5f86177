package io.millrace.storage.object;

import io.millrace.runtime.FailureCause;
import org.jspecify.annotations.Nullable;

/**
 * The store does not have the object; reload the image, and only if it still refers to the object
 * is that corruption (I8).
 */
public final class ObjectAbsentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String key;

  ObjectAbsentException(String key) {
    super(key + " is not in the store");
    this.key = key;
  }

  String key() {
    return key;
  }

  /** The absence behind a failed future, null if it failed for another reason. */
  static @Nullable ObjectAbsentException in(Throwable failure) {
    return FailureCause.of(failure) instanceof ObjectAbsentException absent ? absent : null;
  }
}
