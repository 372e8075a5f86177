package io.millrace.cli;

import io.millrace.broker.BrokerOptions;
import io.millrace.broker.RunningBroker;
import io.millrace.broker.StartException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code millrace start}: runs a broker in the foreground. Standard output gets the ready line and
 * nothing else. A signal stops the broker and ends the process with 0; a broker that cannot start,
 * or ends by itself, ends it with 1.
 */
final class StartCommand {
  private static final Logger log = LoggerFactory.getLogger(StartCommand.class);
  private static final long STOP_MAX_SECONDS = 30;

  /** What makes a broker of the options. */
  @FunctionalInterface
  interface Launch {
    RunningBroker start(BrokerOptions options) throws StartException;
  }

  private final Launch launch;

  StartCommand(Launch launch) {
    this.launch = launch;
  }

  /** Returns only if the process is on its way out. */
  void run(List<String> arguments) {
    RunningBroker broker;
    try {
      BrokerOptions options = StartArguments.parse(arguments, ProcessStart.ns());
      log.info("{}", StartupCache.state());
      broker = launch.start(options);
    } catch (StartException e) {
      e.problems().forEach(problem -> System.err.println("millrace: " + problem));
      System.exit(1);
      return;
    }
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(stop(broker)), "stop"));
    System.out.println(broker.readyLine());
    Throwable failure = broker.failure().join();
    log.error("the broker has ended; nothing it acknowledged is lost, a restart recovers", failure);
    // Halting leaves out the hook: a broker that failed must not publish or write anything more.
    Runtime.getRuntime().halt(1);
  }

  /**
   * Stops within a limit, so that a stuck disk does not outlast the patience of whoever sent the
   * signal; returns the exit code.
   */
  private static int stop(RunningBroker broker) {
    try {
      CompletableFuture.runAsync(
              broker::stop, task -> Thread.ofPlatform().daemon().name("stopping").start(task))
          .get(STOP_MAX_SECONDS, TimeUnit.SECONDS);
      return 0;
    } catch (TimeoutException e) {
      log.error("stopping took more than {} s; the next start recovers", STOP_MAX_SECONDS);
    } catch (ExecutionException e) {
      log.error("stopping failed; the next start recovers", e.getCause());
    } catch (InterruptedException e) {
      log.error("stopping was interrupted; the next start recovers");
    }
    return 1;
  }
}
