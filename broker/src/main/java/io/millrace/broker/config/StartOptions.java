package io.millrace.broker.config;

import io.millrace.runtime.Disk;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
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
 * @param store replaces the shared store of the file
 * @param environment for the environment config provider
 * @param hostName this machine's name, asked for only if a listener on all addresses advertises
 *     none
 */
public record StartOptions(
    Optional<ConfigFile> file,
    List<String> overrides,
    Optional<String> listen,
    Optional<String> data,
    Optional<String> store,
    Map<String, String> environment,
    TextFiles files,
    Supplier<String> hostName) {

  /** Reads the file; one that cannot be read is a problem like others. */
  public static StartOptions of(
      Optional<Path> config,
      List<String> overrides,
      Optional<String> listen,
      Optional<Path> data,
      Optional<String> store,
      Map<String, String> environment,
      Disk disk) {
    TextFiles files = TextFiles.of(disk);
    return new StartOptions(
        config.map(path -> ConfigFile.read(path, files)),
        overrides,
        listen,
        data.map(Path::toString),
        store,
        environment,
        files,
        StartOptions::thisHost);
  }

  private static String thisHost() {
    try {
      return InetAddress.getLocalHost().getCanonicalHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  /** Only overrides. */
  static StartOptions ofOverrides(List<String> overrides) {
    return new StartOptions(
        Optional.empty(),
        overrides,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        TextFiles.none(),
        () -> "localhost");
  }
}
