package io.millrace.broker;

import io.millrace.broker.config.ConfigLoader;
import io.millrace.broker.config.StartOptions;
import io.millrace.runtime.Environment;
import io.millrace.runtime.SystemClock;
import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemRandomness;
import io.millrace.runtime.SystemThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a process makes of its command line: the machine it runs on, and a configuration. */
final class ProcessOptions {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessOptions.class);

  private ProcessOptions() {}

  /** The machine's own clock, chance, threads and files. */
  static Environment environment() {
    return new Environment(
        new SystemClock(),
        new SystemRandomness(),
        new SystemThreads((name, bug) -> LOG.error("A task failed thread={}", name, bug)),
        new SystemDisk());
  }

  /**
   * @throws StartException with everything that is wrong
   */
  static ConfigLoader.Loaded load(BrokerOptions options, Environment environment)
      throws StartException {
    StartOptions given =
        StartOptions.of(
            options.config(),
            options.sets(),
            options.listen(),
            options.data(),
            options.store(),
            System.getenv(),
            environment.disk());
    return switch (ConfigLoader.load(given)) {
      case ConfigLoader.Refused refused -> throw new StartException(refused.lines());
      case ConfigLoader.Loaded loaded -> loaded;
    };
  }
}
