package io.millrace.broker;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the command line says about one start of a broker. Precedence: {@code listen}, {@code data}
 * and {@code store} over {@code sets} over {@code config} over the defaults.
 *
 * @param config a Kafka {@code server.properties} file
 * @param data data directory
 * @param store location of the store that the brokers of a cluster share
 * @param listen {@code HOST:PORT} of the one plaintext listener; port 0 lets the system choose
 * @param sets further settings, each {@code key=value}; the last one of a key wins
 * @param processStartNs when this process began, on the scale of {@link System#nanoTime()}
 */
public record BrokerOptions(
    Optional<Path> config,
    Optional<Path> data,
    Optional<String> store,
    Optional<String> listen,
    List<String> sets,
    long processStartNs) {

  public BrokerOptions {
    sets = List.copyOf(sets);
  }
}
