package io.millrace.storage;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/** Listing and reading for tools: blocks, and gives up where a broker would go on trying. */
public final class StoredKeys {
  private static final int KEYS_MAX = 1_000;
  private static final int ATTEMPTS_MAX = 3;

  private StoredKeys() {}

  /**
   * All keys that begin so, in byte order.
   *
   * @throws IllegalStateException if the store does not answer
   */
  public static void forEach(ObjectStore store, String prefix, Consumer<String> each) {
    String after = "";
    for (int attempts = 1; attempts <= ATTEMPTS_MAX; attempts++) {
      while (store.list(prefix, after, KEYS_MAX).join() instanceof ListOutcome.Keys keys) {
        keys.keys().forEach(each);
        if (!keys.more() || keys.keys().isEmpty()) {
          return;
        }
        after = keys.keys().getLast();
      }
    }
    throw new IllegalStateException("the store does not list " + prefix);
  }

  /**
   * A whole object; empty if it is absent.
   *
   * @param bytesMax what is larger is cut off there
   * @throws IllegalStateException if the store does not answer
   */
  public static Optional<ByteBuffer> get(ObjectStore store, String key, int bytesMax) {
    String reason = "";
    for (int attempts = 1; attempts <= ATTEMPTS_MAX; attempts++) {
      switch (store.get(key, bytesMax).join()) {
        case GetOutcome.Found(ByteBuffer body) -> {
          return Optional.of(body.slice());
        }
        case GetOutcome.Absent() -> {
          return Optional.empty();
        }
        case GetOutcome.TooLarge _ -> {
          return range(store, key, 0, bytesMax);
        }
        case GetOutcome.Unknown(String why) -> reason = why;
      }
    }
    throw new IllegalStateException("the store does not give %s: %s".formatted(key, reason));
  }

  /**
   * Bytes of an object, fewer only where it ends; empty if it is absent.
   *
   * @throws IllegalStateException if the store does not answer
   */
  public static Optional<ByteBuffer> range(
      ObjectStore store, String key, long position, int length) {
    String reason = "";
    for (int attempts = 1; attempts <= ATTEMPTS_MAX; attempts++) {
      switch (store.getRange(key, position, length).join()) {
        case GetOutcome.Found(ByteBuffer body) -> {
          return Optional.of(body.slice());
        }
        case GetOutcome.Absent() -> {
          return Optional.empty();
        }
        case GetOutcome.TooLarge(long bytes) -> reason = "it has %d bytes".formatted(bytes);
        case GetOutcome.Unknown(String why) -> reason = why;
      }
    }
    throw new IllegalStateException("the store does not give %s: %s".formatted(key, reason));
  }
}
