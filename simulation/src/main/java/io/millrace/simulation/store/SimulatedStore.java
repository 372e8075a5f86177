package io.millrace.simulation.store;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedPut;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The objects all brokers share, in virtual time. Each call is atomic at the moment it happens;
 * when that is, whether it is, and what the caller hears of it is up to the weather. What was sent
 * happens even if its sender is dead by then. Single-threaded, like all of a simulation.
 */
public final class SimulatedStore {
  private static final long TIMEOUT_MS_MAX = 3_000;
  private static final long LATE_MS_MAX = 180_000;
  private static final long SLOW_MS_MAX = 4_000;
  private static final int ALL_BYTES = Integer.MAX_VALUE;
  private static final int ALL_KEYS = Integer.MAX_VALUE;

  private final SimulatedScheduler scheduler;
  private final SplittableRandom random;
  private final EventLoop loop;
  private final MemoryStore truth = new MemoryStore();
  private final Map<String, Long> outageUntilNs = new HashMap<>();
  private final Map<String, Long> throttledUntilNs = new HashMap<>();
  private StoreWatcher watcher = StoreWatcher.NONE;
  private StoreWeather weather = StoreWeather.CALM;
  private long outageForAllUntilNs;

  public SimulatedStore(SimulatedScheduler scheduler) {
    this.scheduler = scheduler;
    this.random = scheduler.fork();
    this.loop =
        new SimulatedMachine(scheduler, "store").startProcess().threads().eventLoop("store");
  }

  /**
   * The store as one process sees it.
   *
   * @param name of the process, for outages and the watcher
   * @param replies where futures complete; a loop of the process, so that they do not once it is
   *     dead
   */
  public ObjectStore view(String name, Executor replies) {
    return new StoreView(this, name, replies);
  }

  public void watcher(StoreWatcher value) {
    watcher = value;
  }

  /** From now on, for all. */
  public void weather(StoreWeather value) {
    weather = value;
  }

  /** Nobody gets an answer for a while. */
  public void outage(long durationNs) {
    outageForAllUntilNs = Math.max(outageForAllUntilNs, scheduler.nowNs() + durationNs);
  }

  /** One gets no answer for a while. */
  public void outage(String view, long durationNs) {
    outageUntilNs.merge(view, scheduler.nowNs() + durationNs, Math::max);
  }

  /**
   * One is told to slow down for a while: half of its requests are refused, the others take long.
   */
  public void throttle(String view, long durationNs) {
    throttledUntilNs.merge(view, scheduler.nowNs() + durationNs, Math::max);
  }

  /** Calm, for all; what is under way stays so. */
  public void heal() {
    weather = StoreWeather.CALM;
    outageForAllUntilNs = 0;
    outageUntilNs.clear();
    throttledUntilNs.clear();
  }

  /** Every key, as it is. */
  public List<String> keys(String prefix) {
    return now(truth.list(prefix, "", ALL_KEYS)) instanceof ListOutcome.Keys found
        ? found.keys()
        : List.of();
  }

  /** Size of an object as it is; -1 if there is none. */
  public long bytes(String key) {
    return now(truth.head(key)) instanceof HeadOutcome.Found found ? found.bytes() : -1;
  }

  /** An object as it is; empty if there is none. */
  public ByteBuffer body(String key) {
    return now(truth.get(key, ALL_BYTES)) instanceof GetOutcome.Found found
        ? found.body()
        : ByteBuffer.allocate(0);
  }

  /** An object is gone that nobody has deleted. */
  public void lose(String key) {
    now(truth.delete(key));
  }

  /** A bit of an object is another from now on; the same call puts it right. */
  public void flip(String key, long bit) {
    ByteBuffer body = body(key);
    int at = Math.toIntExact(bit / 8);
    body.put(at, (byte) (body.get(at) ^ (1 << (bit % 8))));
    lose(key);
    now(truth.putIfAbsent(key, body));
  }

  /** Keys of puts that were begun in parts and neither completed nor aborted. */
  public List<String> unfinishedPuts() {
    return now(truth.unfinishedPuts("")) instanceof UnfinishedOutcome.Puts found
        ? found.puts().stream().map(UnfinishedPut::key).toList()
        : List.of();
  }

  EventLoop loop() {
    return loop;
  }

  MemoryStore truth() {
    return truth;
  }

  StoreWatcher watcher() {
    return watcher;
  }

  PutOutcome stored(String by, String key, byte[] body, CompletableFuture<PutOutcome> put) {
    PutOutcome outcome = now(put);
    switch (outcome) {
      case PutOutcome.Stored _ -> watcher.onStored(by, key, body);
      case PutOutcome.Exists _ -> watcher.onExists(by, key, body);
      case PutOutcome.Unknown _ -> {}
    }
    return outcome;
  }

  ListOutcome list(String by, String prefix, String after, int keysMax) {
    ListOutcome outcome = now(truth.list(prefix, after, keysMax));
    watcher.onListed(by, prefix);
    return outcome;
  }

  DeleteOutcome delete(String by, String key) {
    boolean present = bytes(key) >= 0;
    DeleteOutcome outcome = now(truth.delete(key));
    if (present) {
      watcher.onDeleted(by, key);
    }
    return outcome;
  }

  /** Draws what becomes of a request that begins now. */
  Fate fate(String view) {
    long nowNs = scheduler.nowNs();
    long there = latencyNs();
    long back = there + latencyNs();
    if (nowNs < outageForAllUntilNs || nowNs < outageUntilNs.getOrDefault(view, 0L)) {
      return outageFate(there);
    }
    if (nowNs < throttledUntilNs.getOrDefault(view, 0L)) {
      return random.nextBoolean()
          ? Fate.never(back, "503 slow down")
          : Fate.answered(there + uniformNs(1_000), there + uniformNs(1_000) + uniformNs(1_000));
    }
    int dice = random.nextInt(1000);
    if ((dice -= weather.lostRequestPerMille()) < 0) {
      return Fate.never(timeoutNs(), "the request was lost");
    }
    if ((dice -= weather.lostReplyPerMille()) < 0) {
      return Fate.unanswered(there, timeoutNs(), "the reply was lost");
    }
    if ((dice -= weather.latePerMille()) < 0) {
      return Fate.unanswered(lateNs(), timeoutNs(), "no answer in time");
    }
    if ((dice -= weather.refusedPerMille()) < 0) {
      return Fate.never(
          back, random.nextBoolean() ? "409 conflicting operation" : "503 service unavailable");
    }
    if (dice < weather.slowPerMille()) {
      there += uniformNs(SLOW_MS_MAX);
      return Fate.answered(there, there + uniformNs(SLOW_MS_MAX));
    }
    return Fate.answered(there, back);
  }

  private Fate outageFate(long thereNs) {
    return switch (random.nextInt(10)) {
      case 0 -> Fate.unanswered(thereNs, timeoutNs(), "outage: the reply was lost");
      case 1 -> Fate.unanswered(lateNs(), timeoutNs(), "outage: no answer in time");
      case 2, 3, 4 -> Fate.never(thereNs, "outage: 503 service unavailable");
      default -> Fate.never(timeoutNs(), "outage: the request was lost");
    };
  }

  private long latencyNs() {
    int dice = random.nextInt(1000);
    return uniformNs(dice < 950 ? 8 : dice < 995 ? 60 : 500);
  }

  private long timeoutNs() {
    return TimeUnit.MILLISECONDS.toNanos(200) + uniformNs(TIMEOUT_MS_MAX);
  }

  private long lateNs() {
    return uniformNs(random.nextInt(3) == 0 ? LATE_MS_MAX : 5_000);
  }

  private long uniformNs(long msMax) {
    return 1 + random.nextLong(TimeUnit.MILLISECONDS.toNanos(msMax));
  }

  /** The outcome of a call to the truth, which answers at once. */
  static <T> T now(CompletableFuture<T> done) {
    return done.join();
  }
}
