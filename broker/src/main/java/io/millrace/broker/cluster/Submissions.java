package io.millrace.broker.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Many commands of one request, a limited number of them on their way at a time. */
public final class Submissions {
  private static final int UNSETTLED_MAX = 64;

  private Submissions() {}

  /** Results in the order of the items; fails as the first submission that fails. */
  public static <T, R> CompletableFuture<List<R>> each(
      List<T> items, Function<T, CompletableFuture<R>> submit) {
    return from(0, items, submit, new ArrayList<>(items.size()));
  }

  private static <T, R> CompletableFuture<List<R>> from(
      int first, List<T> items, Function<T, CompletableFuture<R>> submit, List<R> results) {
    if (first == items.size()) {
      return CompletableFuture.completedFuture(results);
    }
    int end = Math.min(first + UNSETTLED_MAX, items.size());
    List<CompletableFuture<R>> some = items.subList(first, end).stream().map(submit).toList();
    return CompletableFuture.allOf(some.toArray(CompletableFuture<?>[]::new))
        .thenCompose(_ -> {
          some.forEach(each -> results.add(each.resultNow()));
          return from(end, items, submit, results);
        });
  }
}
