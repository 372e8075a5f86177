package io.millrace.broker.api;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * The throttle time of any response; the generated classes that have one share no type that says
 * so.
 */
final class ThrottleTimes {
  private record Accessors(MethodHandle get, MethodHandle set) {}

  private final ClassValue<Optional<Accessors>> accessors =
      new ClassValue<>() {
        @Override
        protected Optional<Accessors> computeValue(Class<?> type) {
          MethodHandles.Lookup lookup = MethodHandles.publicLookup();
          try {
            return Optional.of(
                new Accessors(
                    lookup
                        .findVirtual(type, "throttleTimeMs", MethodType.methodType(int.class))
                        .asType(MethodType.methodType(int.class, ApiMessage.class)),
                    lookup
                        .findVirtual(
                            type, "setThrottleTimeMs", MethodType.methodType(type, int.class))
                        .asType(MethodType.methodType(void.class, ApiMessage.class, int.class))));
          } catch (NoSuchMethodException | IllegalAccessException none) {
            return Optional.empty();
          }
        }
      };

  /** Raises the response's throttle time to this, if it is less; what it is then. */
  int raise(ApiMessage response, int throttleMs) {
    Accessors found = accessors.get(response.getClass()).orElse(null);
    if (found == null) {
      return throttleMs;
    }
    try {
      int present = (int) found.get().invokeExact(response);
      if (present < throttleMs) {
        found.set().invokeExact(response, throttleMs);
      }
      return Math.max(present, throttleMs);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
