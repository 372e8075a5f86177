package io.millrace.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The packaged {@code millrace} command, as a shell would run it. */
final class Launcher {
  private static final long PATIENCE_SECONDS = 120;

  private Launcher() {}

  static String path() {
    return Path.of(
            Objects.requireNonNull(
                System.getProperty("millrace.launcher"), "run by Maven's failsafe plug-in"))
        .normalize()
        .toString();
  }

  /** What a command that has ended left behind. */
  record Result(int exitCode, String out, String err) {}

  /** Runs {@code millrace ARGUMENTS}, say an official tool, with nothing on standard input. */
  static Result run(Path folder, String... arguments) throws IOException, InterruptedException {
    return feed(folder, "", arguments);
  }

  /**
   * Runs {@code millrace ARGUMENTS} to its end.
   *
   * @param folder where its output is kept while it runs
   * @param input goes to its standard input
   */
  static Result feed(Path folder, String input, String... arguments)
      throws IOException, InterruptedException {
    return run(folder, input, Map.of(), arguments);
  }

  /** As {@link #run(Path, String...)}, with more in its environment. */
  static Result run(Path folder, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    return run(folder, "", environment, arguments);
  }

  /** Runs a command that does not end by itself until it prints a line with this text. */
  static String firstLine(String text, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(path()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      return CompletableFuture.supplyAsync(() ->
              process
                  .inputReader()
                  .lines()
                  .filter(line -> line.contains(text))
                  .findFirst()
                  .orElseThrow(() -> new AssertionError("it ended and did not say: " + text)))
          .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } finally {
      process.destroyForcibly();
    }
  }

  private static Result run(
      Path folder, String input, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(path()));
    command.addAll(List.of(arguments));
    Path in = Files.createTempFile(folder, "in", "");
    Path out = Files.createTempFile(folder, "out", "");
    Path err = Files.createTempFile(folder, "err", "");
    Files.writeString(in, input);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(
          String.join(" ", command) + " did not end; " + Files.readString(err));
    }
    return new Result(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }
}
