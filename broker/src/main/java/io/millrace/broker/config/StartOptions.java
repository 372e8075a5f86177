package io.millrace.broker.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the start command was given, before anything is checked.
 *
 * @param overrides each KEY=VALUE
 * @param listen HOST:PORT, replaces the listeners of the file
 * @param data replaces the data directory of the file
 * @param environment for the environment config provider
 * @param hostName this machine's name, asked for only if a listener on all addresses advertises none
 */
public record StartOptions(
    Optional<ConfigFile> file,
    List<String> overrides,
    Optional<String> listen,
    Optional<String> data,
    Map<String, String> environment,
    TextFiles files,
    Supplier<String> hostName) {

  /** Only overrides. */
  static StartOptions ofOverrides(List<String> overrides) {
    return new StartOptions(
        Optional.empty(),
        overrides,
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        TextFiles.none(),
        () -> "localhost");
  }
}
