package io.millrace.simulation;

import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.simulation.store.SimulatedStore;
import io.millrace.simulation.store.StoreWeather;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.NodeIds.NodeIdInUseException;
import io.millrace.storage.log.UnusableStoreException;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong in a cluster, several things at a time, and who starts processes again. Looks at
 * the world after every step.
 */
final class ClusterFaults {
  private static final String[] LOOPS = {
    "metadata", "storage", "wal", "merge", "cluster", "takeover", "peers", "fetch"
  };

  /** Brokers refuse records that are more than an hour early. */
  private static final long WRONG_MS_MAX = TimeUnit.MINUTES.toMillis(59);

  private final SimulatedScheduler scheduler;
  private final ClusterHosts hosts;
  private final SimulatedStore store;
  private final Network network;
  private final ClusterWatch watch;
  private final ClusterOrders orders;
  private final SplittableRandom random;
  private final Story story;
  private final Coverage coverage;
  private final Map<ClusterFault, Long> begun = new EnumMap<>(ClusterFault.class);
  private final Map<BrokerHost, Long> clockWrongByMs = new HashMap<>();
  private final Map<BrokerHost, Long> startAtNs = new HashMap<>();
  private final Map<BrokerHost, @Nullable WriterId> stopped = new HashMap<>();
  private int left;
  private long nextAtNs;
  private long weatherUntilNs;
  private long lossesUntilNs;
  private boolean healed;

  ClusterFaults(
      SimulatedScheduler scheduler,
      ClusterHosts hosts,
      SimulatedStore store,
      Network network,
      ClusterWatch watch,
      ClusterOrders orders,
      Story story,
      Coverage coverage) {
    this.scheduler = scheduler;
    this.hosts = hosts;
    this.store = store;
    this.network = network;
    this.watch = watch;
    this.orders = orders;
    this.random = scheduler.fork();
    this.story = story;
    this.coverage = coverage;
  }

  /** So much is to go wrong from now on. */
  void plan(int count) {
    left = count;
    healed = false;
    scheduleNext();
  }

  boolean exhausted() {
    return left == 0 && scheduler.nowNs() >= nextAtNs;
  }

  /** How often each has begun. */
  Map<ClusterFault, Long> begun() {
    return begun;
  }

  /** Nothing more goes wrong; members that are down start, twins are gone. */
  void heal() {
    left = 0;
    healed = true;
    store.heal();
    network.heal();
    hosts.dismissTwins();
    if (hosts.all().stream().noneMatch(hosts::isMember)) {
      hosts.join(hosts.all().getFirst());
    }
  }

  void afterStep() {
    for (BrokerHost host : hosts.all()) {
      afterStep(host);
    }
    if (lossesUntilNs != 0 && scheduler.nowNs() > lossesUntilNs) {
      lossesUntilNs = 0;
      network.lossPerMille(0);
    }
    if (weatherUntilNs != 0 && scheduler.nowNs() > weatherUntilNs) {
      weatherUntilNs = 0;
      store.weather(StoreWeather.CHANGEABLE);
    }
    if (left > 0 && scheduler.nowNs() >= nextAtNs) {
      left--;
      scheduleNext();
      ClusterFault[] all = ClusterFault.values();
      begin(all[random.nextInt(all.length)]);
    }
  }

  private void afterStep(BrokerHost host) {
    if (stopped.containsKey(host) && !isStopped(host)) {
      onContinued(host, stopped.remove(host));
    }
    if (!host.machine().running()) {
      if (hosts.isMember(host)) {
        startAgain(host);
      }
      return;
    }
    Throwable ended = host.ended();
    if (hosts.hasExited(host)) {
      story.tell(host.name() + " exits");
      host.crashProcess();
    } else if (ended != null) {
      onEnded(host, ended);
    }
  }

  private void startAgain(BrokerHost host) {
    long atNs =
        startAtNs.computeIfAbsent(
            host,
            _ ->
                scheduler.nowNs()
                    + random.nextLong(seconds(healed || random.nextBoolean() ? 1 : 30)));
    if (scheduler.nowNs() >= atNs) {
      startAtNs.remove(host);
      story.tell(host.name() + " starts");
      host.start();
    }
  }

  private void onEnded(BrokerHost host, Throwable cause) {
    story.tell(host.name() + " ended by itself: " + cause.getMessage());
    switch (cause) {
      case NodeIdInUseException _ -> coverage.count("process that found its node id in use", 1);
      case UnusableStoreException _ when host.process() == null ->
          coverage.count("process that could not start without the store", 1);
      default -> throw new Violation(host.name() + " ended by itself: " + cause, cause);
    }
    host.crashProcess();
  }

  private void begin(ClusterFault fault) {
    BrokerHost host = hosts.anyRunning(random);
    if (host == null) {
      return;
    }
    begun.merge(fault, 1L, Long::sum);
    switch (fault) {
      case CRASH -> crash(host);
      case SCRIBE_CRASH -> {
        coverage.count("scribe lost", 1);
        crash(scribe(host));
      }
      case STOP_AND_CONTINUE -> stop(host);
      case SCRIBE_STOP -> {
        coverage.count("scribe lost", 1);
        stop(scribe(host));
      }
      case STALLED_LOOP -> stall(host);
      case LEAVE -> leave(host);
      case JOIN -> join();
      case TWIN -> startTwin(host);
      case HANDOVERS -> {
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
          orders.handOver(random);
        }
      }
      case LOG_START_MOVE -> orders.moveLogStart(random);
      case CLOCK_JUMP -> {
        long wrongByMs = random.nextLong(-WRONG_MS_MAX, WRONG_MS_MAX);
        long jumpMs = wrongByMs - clockWrongByMs.getOrDefault(host, 0L);
        clockWrongByMs.put(host, wrongByMs);
        story.tell("the clock of %s jumps by %d s".formatted(host.name(), jumpMs / 1000));
        host.machine().clock().jump(jumpMs);
      }
      case STORE_ROUGH -> {
        story.tell("the store is rough");
        store.weather(StoreWeather.ROUGH);
        weatherUntilNs = scheduler.nowNs() + random.nextLong(seconds(20));
      }
      case STORE_OUTAGE_FOR_ONE -> {
        long ns = random.nextLong(seconds(random.nextInt(3) == 0 ? 60 : 5));
        story.tell("no store for %s for %d ms".formatted(host.name(), ms(ns)));
        store.outage(host.name(), ns);
      }
      case STORE_OUTAGE_FOR_ALL -> {
        long ns = random.nextLong(seconds(random.nextInt(4) == 0 ? 60 : 5));
        story.tell("no store for anybody for %d ms".formatted(ms(ns)));
        store.outage(ns);
      }
      case STORE_THROTTLES_ONE -> {
        story.tell("the store throttles " + host.name());
        store.throttle(host.name(), random.nextLong(seconds(20)));
      }
      case BROKEN_WAY -> breakWay(host);
      case ISOLATED -> isolate(host);
      case LOSSES -> {
        story.tell("messages get lost");
        network.lossPerMille(1 + random.nextInt(20));
        lossesUntilNs = scheduler.nowNs() + random.nextLong(seconds(20));
      }
    }
  }

  void crash(BrokerHost host) {
    story.tell(host.name() + " is killed");
    host.crashProcess();
  }

  /** The host of the scribe if it can be told, else {@code other}. */
  private BrokerHost scribe(BrokerHost other) {
    MetadataImage image = watch.newest();
    Incarnation incarnation =
        image.brokers().isEmpty() ? null : image.broker(image.brokers().firstKey());
    BrokerHost host = incarnation == null ? null : hosts.of(incarnation.writer());
    return host == null ? other : host;
  }

  /** Mostly shorter than a session, now and then so long that others must have taken over. */
  void stop(BrokerHost host) {
    stop(host, random.nextLong(seconds(random.nextInt(3) == 0 ? 60 : 12)));
  }

  void stop(BrokerHost host, long durationNs) {
    BrokerProcess process = host.process();
    SimulatedThreads threads = host.machine().process();
    if (process != null && threads != null) {
      story.tell("%s is stopped for %d ms".formatted(host.name(), ms(durationNs)));
      stopped.put(host, process.writer());
      threads.stop(durationNs);
    }
  }

  private static boolean isStopped(BrokerHost host) {
    SimulatedThreads threads = host.machine().process();
    return threads != null && threads.stopped();
  }

  private void onContinued(BrokerHost host, @Nullable WriterId writer) {
    if (writer != null && host.machine().running()) {
      boolean zombie = !watch.newest().isRegistered(writer);
      story.tell(host.name() + (zombie ? " continues as a zombie" : " continues"));
      coverage.count(zombie ? "zombie continued" : "continued in time", 1);
    }
  }

  private void stall(BrokerHost host) {
    SimulatedThreads threads = host.machine().process();
    if (threads != null) {
      stall(
          host,
          LOOPS[random.nextInt(LOOPS.length)],
          random.nextLong(seconds(random.nextInt(3) == 0 ? 60 : 5)));
    }
  }

  void stall(BrokerHost host, String loop, long ns) {
    SimulatedThreads threads = host.machine().process();
    if (threads != null) {
      story.tell("%s of %s stalls for %d ms".formatted(loop, host.name(), ms(ns)));
      threads.stall(loop, ns);
    }
  }

  private void leave(BrokerHost host) {
    if (host.process() != null) {
      story.tell(host.name() + " leaves");
      hosts.leaveGracefully(host);
    }
  }

  private void join() {
    BrokerHost host = hosts.anyOutside(random);
    if (host != null) {
      story.tell(host.name() + " joins");
      hosts.join(host);
    }
  }

  private void startTwin(BrokerHost host) {
    BrokerHost twin = hosts.twinOf(host);
    if (twin != null && !twin.machine().running()) {
      story.tell("%s starts with the node id of %s".formatted(twin.name(), host.name()));
      hosts.join(twin);
    }
  }

  private void breakWay(BrokerHost host) {
    List<String> parties = new ArrayList<>(hosts.all().stream().map(BrokerHost::name).toList());
    parties.addAll(List.of("p0", "p1", "c0", "admin", "t0", "transformer", "g0-m0"));
    String other = parties.get(random.nextInt(parties.size()));
    long ns = random.nextLong(seconds(30));
    boolean out = random.nextBoolean();
    String from = out ? host.name() : other;
    String to = out ? other : host.name();
    story.tell("%s does not reach %s for %d ms".formatted(from, to, ms(ns)));
    network.breakWay(from, to, ns);
  }

  private void isolate(BrokerHost host) {
    long ns = random.nextLong(seconds(30));
    story.tell("%s is isolated for %d ms".formatted(host.name(), ms(ns)));
    for (BrokerHost other : hosts.all()) {
      network.breakWay(host.name(), other.name(), ns);
      network.breakWay(other.name(), host.name(), ns);
    }
  }

  private void scheduleNext() {
    nextAtNs = scheduler.nowNs() + random.nextLong(seconds(random.nextInt(3) == 0 ? 12 : 3));
  }

  private static long seconds(int seconds) {
    return TimeUnit.SECONDS.toNanos(seconds);
  }

  private static long ms(long ns) {
    return TimeUnit.NANOSECONDS.toMillis(ns);
  }
}
