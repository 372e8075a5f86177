package io.millrace.simulation;

import io.millrace.runtime.FailureCause;
import io.millrace.runtime.SystemThreads;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Runs many seeds across the cores: {@code [--cluster | --transactions] --seeds FROM..TO
 * [--twice-every N]}. Prints what fails; the exit code is 1 if anything did. {@code [--cluster |
 * --transactions] --calls SEED} runs one and prints every disk call and event.
 */
public final class SimulationRun {
  private SimulationRun() {}

  /** What is simulated. */
  enum Subject {
    BROKER {
      @Override
      Simulation.Result run(long seed, Consumer<String> log) {
        return Simulation.run(seed, log);
      }
    },
    CLUSTER {
      @Override
      Simulation.Result run(long seed, Consumer<String> log) {
        return SimulatedCluster.run(seed, ClusterProcess::start, log);
      }
    },
    /** Of a cluster with groups and transactions. */
    TRANSACTIONS {
      @Override
      Simulation.Result run(long seed, Consumer<String> log) {
        return SimulatedCluster.runTransactions(seed, ClusterProcess::start, log);
      }
    };

    abstract Simulation.Result run(long seed, Consumer<String> log);

    Simulation.Result run(long seed) {
      return run(seed, line -> {});
    }
  }

  /** The command line. */
  public static void main(String[] given) {
    Deque<String> arguments = new ArrayDeque<>(List.of(given));
    Subject subject =
        arguments.removeFirstOccurrence("--cluster")
            ? Subject.CLUSTER
            : arguments.removeFirstOccurrence("--transactions")
                ? Subject.TRANSACTIONS
                : Subject.BROKER;
    String what = String.valueOf(arguments.poll());
    String value = String.valueOf(arguments.poll());
    if (what.equals("--calls")) {
      System.out.println(subject.run(Long.parseLong(value), System.out::println));
      return;
    }
    boolean twice = "--twice-every".equals(arguments.poll());
    long twiceEvery = twice ? Long.parseLong(String.valueOf(arguments.poll())) : 100;
    if (!what.equals("--seeds") || !arguments.isEmpty()) {
      System.err.println(
          "usage: SimulationRun [--cluster | --transactions] --seeds FROM..TO [--twice-every N] (TO excluded) | [--cluster | --transactions] --calls SEED");
      System.exit(2);
    }
    String[] range = value.split("\\.\\.", -1);
    long from = Long.parseLong(range[0]);
    long to = range.length == 1 ? from + 1 : Long.parseLong(range[1]);
    long startNs = System.nanoTime();
    Outcome outcome =
        run(subject, from, to, twiceEvery, failure -> report(failure, to - from == 1));
    double seconds = (System.nanoTime() - startNs) / 1e9;
    System.out.printf(
        "%s seeds %d..%d: %d failed, %d steps, %.1f s, %.1f seeds/s, every %d. seed ran twice%n",
        subject.name().toLowerCase(Locale.ROOT),
        from,
        to,
        outcome.failures().size(),
        outcome.steps(),
        seconds,
        (to - from) / seconds,
        twiceEvery);
    outcome.coverage().forEach((name, times) -> System.out.printf("%10d  %s%n", times, name));
    System.exit(outcome.failures().isEmpty() ? 0 : 1);
  }

  /** What came of many seeds. */
  record Outcome(List<Throwable> failures, long steps, Map<String, Long> coverage) {}

  /**
   * Runs seeds {@code from} to {@code to - 1}, and each whose number {@code twiceEvery} divides a
   * second time, which must take the same steps.
   */
  static Outcome run(Subject subject, long from, long to, long twiceEvery) {
    return run(subject, from, to, twiceEvery, failure -> {});
  }

  /**
   * @param onFailure told of each as it comes, by whoever ran the seed
   */
  private static Outcome run(
      Subject subject, long from, long to, long twiceEvery, Consumer<Throwable> onFailure) {
    List<Throwable> failures = new ArrayList<>();
    long steps = 0;
    Map<String, Long> coverage = new TreeMap<>();
    try (SystemThreads threads = new SystemThreads((thread, cause) -> cause.printStackTrace())) {
      int cores = Runtime.getRuntime().availableProcessors();
      Executor pool = threads.pool("seeds", cores, (int) (to - from));
      List<CompletableFuture<Simulation.Result>> results = new ArrayList<>();
      for (long seed = from; seed < to; seed++) {
        long one = seed;
        results.add(
            CompletableFuture.supplyAsync(
                    () -> one % twiceEvery == 0 ? runTwice(subject, one) : subject.run(one), pool)
                .whenComplete((_, failure) -> {
                  if (failure != null) {
                    onFailure.accept(FailureCause.of(failure));
                  }
                }));
      }
      for (CompletableFuture<Simulation.Result> future : results) {
        try {
          Simulation.Result result = future.join();
          steps += result.steps();
          result.coverage().forEach((what, times) -> coverage.merge(what, times, Long::sum));
        } catch (CompletionException e) {
          failures.add(FailureCause.of(e));
        }
      }
    }
    return new Outcome(failures, steps, coverage);
  }

  private static Simulation.Result runTwice(Subject subject, long seed) {
    Simulation.Result first = subject.run(seed);
    Simulation.Result second = subject.run(seed);
    if (!first.equals(second)) {
      throw new Violation("seed %d does not replay: %s, then %s".formatted(seed, first, second));
    }
    return first;
  }

  private static synchronized void report(Throwable failure, boolean withStack) {
    if (withStack) {
      failure.printStackTrace(System.out);
    } else {
      System.out.println(failure.getMessage());
    }
  }
}
