package io.millrace.broker.handler;

import io.millrace.broker.cluster.Refusal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What both forms of AlterConfigs do with the resources of a request: one answer for each, in
 * order, and none is altered that appears twice.
 */
final class AlteredResources {
  private AlteredResources() {}

  /** A resource as requests name it. */
  record Resource(byte type, String name) {}

  static <R, A> CompletableFuture<List<A>> each(
      Collection<R> asked,
      Function<R, Resource> naming,
      Function<R, CompletableFuture<Optional<Refusal>>> alter,
      BiFunction<R, Optional<Refusal>, A> answer) {
    Map<Resource, Integer> times = new HashMap<>();
    asked.forEach(each -> times.merge(naming.apply(each), 1, Integer::sum));
    List<CompletableFuture<A>> answers = new ArrayList<>();
    for (R each : asked) {
      CompletableFuture<Optional<Refusal>> altered =
          times.getOrDefault(naming.apply(each), 0) > 1
              ? refused("Each resource must appear at most once.")
              : alter.apply(each);
      answers.add(altered.thenApply(refusal -> answer.apply(each, refusal)));
    }
    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> answers.stream().map(CompletableFuture::resultNow).toList());
  }

  /** INVALID_REQUEST, and why. */
  static CompletableFuture<Optional<Refusal>> refused(String reason) {
    return CompletableFuture.completedFuture(Optional.of(Refusal.invalidRequest(reason)));
  }
}
