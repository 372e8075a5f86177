package io.millrace.simulation;

import io.millrace.runtime.SystemThreads;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * Runs many seeds across the cores: {@code --seeds FROM..TO}. Prints what fails; the exit code is 1
 * if anything did. {@code --calls SEED} runs one and prints every disk call.
 */
public final class SimulationRun {
  private SimulationRun() {}

  /** The command line. */
  public static void main(String[] arguments) {
    if (arguments.length == 2 && arguments[0].equals("--calls")) {
      System.out.println(Simulation.run(Long.parseLong(arguments[1]), System.out::println));
      return;
    }
    if (arguments.length != 2 || !arguments[0].equals("--seeds")) {
      System.err.println("usage: SimulationRun --seeds FROM..TO (TO excluded) | --calls SEED");
      System.exit(2);
    }
    String[] range = arguments[1].split("\\.\\.", -1);
    long from = Long.parseLong(range[0]);
    long to = range.length == 1 ? from + 1 : Long.parseLong(range[1]);
    Outcome outcome = run(from, to);
    outcome.failures().forEach(failure -> report(failure, to - from == 1));
    System.out.printf(
        "seeds %d..%d: %d failed, %d steps%n",
        from, to, outcome.failures().size(), outcome.steps());
    outcome.coverage().forEach((what, times) -> System.out.printf("%10d  %s%n", times, what));
    System.exit(outcome.failures().isEmpty() ? 0 : 1);
  }

  /** What came of many seeds. */
  record Outcome(List<Throwable> failures, long steps, Map<String, Long> coverage) {}

  /** Runs seeds {@code from} to {@code to - 1}. */
  static Outcome run(long from, long to) {
    List<Throwable> failures = new ArrayList<>();
    long steps = 0;
    Map<String, Long> coverage = new TreeMap<>();
    try (SystemThreads threads = new SystemThreads((thread, cause) -> cause.printStackTrace())) {
      int cores = Runtime.getRuntime().availableProcessors();
      Executor pool = threads.pool("seeds", cores, (int) (to - from));
      List<CompletableFuture<Simulation.Result>> results = new ArrayList<>();
      for (long seed = from; seed < to; seed++) {
        long one = seed;
        results.add(CompletableFuture.supplyAsync(() -> Simulation.run(one), pool));
      }
      for (CompletableFuture<Simulation.Result> future : results) {
        try {
          Simulation.Result result = future.join();
          steps += result.steps();
          result.coverage().forEach((what, times) -> coverage.merge(what, times, Long::sum));
        } catch (CompletionException e) {
          failures.add(e.getCause() == null ? e : e.getCause());
        }
      }
    }
    return new Outcome(failures, steps, coverage);
  }

  private static void report(Throwable failure, boolean withStack) {
    if (withStack) {
      failure.printStackTrace(System.out);
    } else {
      System.out.println(failure.getMessage());
    }
  }
}
