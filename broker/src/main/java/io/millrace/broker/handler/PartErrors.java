package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import java.util.Iterator;
import java.util.List;
import java.util.function.BiConsumer;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Error codes of the parts of an answer that were asked for together. */
final class PartErrors {
  private PartErrors() {}

  /**
   * @param parts in the order of {@code errors}
   * @param errors null if all of them have failed, with {@code failure}
   */
  static <P> void fill(
      List<P> parts,
      @Nullable List<Errors> errors,
      @Nullable Throwable failure,
      BiConsumer<P, Short> setter) {
    if (errors == null) {
      short code = ApiErrors.of(failure).code();
      parts.forEach(part -> setter.accept(part, code));
      return;
    }
    Iterator<Errors> next = errors.iterator();
    parts.forEach(part -> setter.accept(part, next.next().code()));
  }
}
