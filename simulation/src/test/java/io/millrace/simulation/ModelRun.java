package io.millrace.simulation;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tlc2.TLC;

/**
 * One line of {@code model/runs.txt}: a specification, its bounds, the rules taken away, and the
 * invariant that must break. TLC keeps its state in static fields, so each run has a JVM of its
 * own.
 */
record ModelRun(String module, String tier, String weakened, String breaks, String constants) {
  static final String NOTHING = "-";

  private static final Path FOLDER = Path.of("model");
  private static final long MINUTES_MAX = 60;
  private static final Pattern VIOLATED = Pattern.compile("Invariant (\\w+) is violated");
  private static final Pattern STATES = Pattern.compile("(\\d+) distinct states found");
  private static final Pattern DEPTH = Pattern.compile("state graph search is (\\d+)");
  private static final Pattern STEP = Pattern.compile("(?m)^State \\d+:");

  /** What TLC said; {@code depth} is the length of the counterexample, or of the longest path. */
  record Result(String broken, long distinctStates, int depth, long seconds, String output) {}

  static List<ModelRun> all() throws IOException {
    List<ModelRun> runs = new ArrayList<>();
    for (String line : Files.readAllLines(FOLDER.resolve("runs.txt"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] fields = line.split("\\|", -1);
        runs.add(
            new ModelRun(
                fields[0].strip(),
                fields[1].strip(),
                fields[2].strip(),
                fields[3].strip(),
                fields[4].strip()));
      }
    }
    return runs;
  }

  /** Checks it, with what TLC writes kept in the folder given. */
  Result check(Path scratch) throws IOException, InterruptedException {
    Path config = Files.writeString(scratch.resolve(module + ".cfg"), config());
    Path output = scratch.resolve("output.txt");
    long startedNs = System.nanoTime();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx2g",
                "-XX:+UseSerialGC",
                // TLC unpacks its standard modules there
                "-Djava.io.tmpdir=" + scratch.toAbsolutePath(),
                "-cp",
                checker().toString(),
                "tlc2.TLC",
                "-workers",
                "1",
                "-metadir",
                scratch.toAbsolutePath().toString(),
                "-config",
                config.toAbsolutePath().toString(),
                module)
            .directory(FOLDER.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES)) {
        throw new IllegalStateException(this + " did not end within " + MINUTES_MAX + " minutes");
      }
    } finally {
      process.destroyForcibly();
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startedNs);
    return result(Files.readString(output, StandardCharsets.UTF_8), seconds);
  }

  private Result result(String output, long seconds) {
    Matcher violated = VIOLATED.matcher(output);
    boolean broken = violated.find();
    if (!broken && !output.contains("No error has been found")) {
      throw new IllegalStateException(this + " was not checked to the end: " + output);
    }
    Matcher depth = DEPTH.matcher(output);
    int steps =
        broken
            ? (int) STEP.matcher(output).results().count()
            : depth.find() ? Integer.parseInt(depth.group(1)) : 0;
    long states =
        STATES
            .matcher(output.replace(",", ""))
            .results()
            .mapToLong(found -> Long.parseLong(found.group(1)))
            .max()
            .orElse(0);
    return new Result(broken ? violated.group(1) : NOTHING, states, steps, seconds, output);
  }

  /** The module's .cfg with this run's constants. */
  private String config() throws IOException {
    String config = Files.readString(FOLDER.resolve(module + ".cfg"));
    if (!weakened.equals(NOTHING)) {
      config =
          with(
              config,
              "Weaken",
              Arrays.stream(weakened.split(", ", -1))
                  .map(rule -> "\"" + rule + "\"")
                  .collect(Collectors.joining(", ", "{", "}")));
    }
    for (String constant : constants.split(";", -1)) {
      if (!constant.isBlank()) {
        String[] sides = constant.split("=", 2);
        config = with(config, sides[0].strip(), sides[1].strip());
      }
    }
    return config;
  }

  private static String with(String config, String name, String value) {
    Matcher line = Pattern.compile("(?m)^  " + name + " = .*$").matcher(config);
    if (!line.find()) {
      throw new IllegalArgumentException("no constant " + name);
    }
    return line.replaceFirst(Matcher.quoteReplacement("  " + name + " = " + value));
  }

  private static Path checker() {
    return Path.of(
        URI.create(TLC.class.getProtectionDomain().getCodeSource().getLocation().toString()));
  }
}
