package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Who can be reached at which address, how long it takes, and which ways are broken: each from one
 * party to another, so that one direction may be broken alone. What is sent over a broken way
 * arrives when it is whole again, or never.
 */
final class Network {
  private static final long REPEAT_NS_MAX = TimeUnit.SECONDS.toNanos(60);
  private static final int REPEATS_PER_LOSS = 5;

  private final SimulatedScheduler scheduler;
  private final SplittableRandom random;
  private final EventLoop loop;
  private final List<BrokerHost> hosts;
  private final boolean instant;
  private final Map<String, Long> brokenUntilNs = new HashMap<>();
  private int lossPerMille;

  /**
   * @param instant messages take no time, as over the loopback
   */
  Network(SimulatedScheduler scheduler, List<BrokerHost> hosts, boolean instant) {
    this.scheduler = scheduler;
    this.random = scheduler.fork();
    this.loop =
        new SimulatedMachine(scheduler, "network").startProcess().threads().eventLoop("network");
    this.hosts = hosts;
    this.instant = instant;
  }

  /** Every address at which there is or was a broker. */
  List<Endpoint> addresses() {
    return hosts.stream().map(BrokerHost::address).toList();
  }

  /** The machine at an address; null if there is none. */
  @Nullable BrokerHost at(String address) {
    for (BrokerHost host : hosts) {
      if (address(host.address()).equals(address)) {
        return host;
      }
    }
    return null;
  }

  static String address(Endpoint endpoint) {
    return endpoint.host() + ":" + endpoint.port();
  }

  /** Chance of each message to break its connection, or to get lost where there is none. */
  void lossPerMille(int value) {
    lossPerMille = value;
  }

  boolean loses() {
    return random.nextInt(1000) < lossPerMille;
  }

  /** Whether a message between brokers is to come a second time. */
  boolean repeats() {
    return random.nextInt(1000) < REPEATS_PER_LOSS * lossPerMille;
  }

  long repeatDelayNs() {
    return random.nextLong(REPEAT_NS_MAX);
  }

  /** Breaks one direction for a while. */
  void breakWay(String from, String to, long durationNs) {
    brokenUntilNs.merge(way(from, to), scheduler.nowNs() + durationNs, Math::max);
  }

  boolean broken(String from, String to) {
    return scheduler.nowNs() < brokenUntilNs.getOrDefault(way(from, to), 0L);
  }

  void heal() {
    brokenUntilNs.clear();
    lossPerMille = 0;
  }

  /** How long a message sent now takes; as long as the way is broken at least. */
  long delayNs(String from, String to) {
    long wholeInNs = brokenUntilNs.getOrDefault(way(from, to), 0L) - scheduler.nowNs();
    if (instant) {
      return Math.max(0, wholeInNs);
    }
    int dice = random.nextInt(1000);
    long msMax = dice < 980 ? 1 : dice < 998 ? 30 : 1_000;
    return Math.max(0, wholeInNs) + 1 + random.nextLong(TimeUnit.MILLISECONDS.toNanos(msMax));
  }

  /** Runs the task then, whoever is alive by then. */
  void after(long delayNs, Runnable task) {
    if (delayNs == 0) {
      task.run();
    } else {
      loop.schedule(delayNs, task);
    }
  }

  private static String way(String from, String to) {
    return from + ">" + to;
  }
}
