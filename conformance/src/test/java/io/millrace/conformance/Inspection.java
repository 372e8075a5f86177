package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * One of the commands that read a store.
 *
 * @param folder where its output is kept while it runs
 */
record Inspection(Path folder, String command) {
  /** What it prints, and nothing else. */
  String printed(String... arguments) throws Exception {
    Launcher.Result result = run(arguments);
    assertThat(result.err()).isEmpty();
    assertThat(result.exitCode()).isZero();
    return result.out();
  }

  /** What it says when it refuses. */
  String refused(String... arguments) throws Exception {
    Launcher.Result result = run(arguments);
    assertThat(result.out()).isEmpty();
    assertThat(result.exitCode()).isOne();
    return result.err();
  }

  private Launcher.Result run(String... arguments) throws Exception {
    return Launcher.run(
        folder, Stream.concat(Stream.of(command), Stream.of(arguments)).toArray(String[]::new));
  }
}
