package io.millrace.simulation;

import io.millrace.runtime.Threads;
import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.metadata.MetadataImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One seed: a broker, its clients, and what goes wrong. Rounds of faults, each followed by a time
 * of peace in which everything must get done and all that clients were ever told must still be
 * true. Single-threaded; the same seed takes the same steps.
 */
public final class Simulation {
  private static final long TASKS_PENDING_MAX = 20_000;
  private static final long PEACE_NS_MAX = TimeUnit.SECONDS.toNanos(300);
  private static final long CHAOS_NS_MAX = TimeUnit.SECONDS.toNanos(120);
  private static final long IDLE_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long WORK_NS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final long REQUEST_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(30);

  private final long seed;
  private final SimulatedScheduler scheduler;
  private final SplittableRandom random;
  private final Story story;
  private final Coverage coverage = new Coverage();
  private final Ledger ledger = new Ledger(true, Ledger.Durability.ASSUMED);
  private final Checks checks = new Checks();
  private final Network network;
  private final BrokerHost host;
  private final Faults faults;
  private final ImageCheck imageCheck;
  private final List<Client> clients = new ArrayList<>();
  private final List<LogKeeper> keepers = new ArrayList<>();
  private final Reader reader;
  private final Stepper stepper;

  /** How a seed went. */
  public record Result(long seed, long traceHash, long steps, Map<String, Long> coverage) {}

  /**
   * A seed that found something; the message says what, how to replay it and what happened before.
   */
  public static final class FailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    FailedException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  Simulation(long seed, BrokerProcess.Starter starter, Consumer<String> log) {
    this.seed = seed;
    this.scheduler = new SimulatedScheduler(seed);
    this.random = scheduler.fork();
    this.story = new Story(scheduler, log);
    SimulatedMachine machine = new SimulatedMachine(scheduler, "broker");
    this.host = new BrokerHost("broker", CoreProcess.ADDRESS, machine, starter);
    this.network = new Network(scheduler, List.of(host), true);
    machine.disk().log(call -> onDiskCall(call, log));
    this.faults = new Faults(scheduler, host, scheduler.fork(), story);
    this.imageCheck = new ImageCheck(machine.disk());
    Threads threads = new SimulatedMachine(scheduler, "clients").startProcess().threads();
    Client.World world =
        new Client.World(
            network,
            checks,
            ledger,
            machine.clock(),
            this::newestImage,
            faults::onAcknowledged,
            REQUEST_TIMEOUT_NS,
            1);
    int producers = 1 + random.nextInt(3);
    for (int i = 0; i < producers; i++) {
      String name = "p" + i;
      clients.add(
          new Producer(
              name,
              threads.eventLoop(name),
              scheduler.fork(),
              world,
              i == 0 || random.nextBoolean()));
    }
    int consumers = 1 + random.nextInt(2);
    for (int i = 0; i < consumers; i++) {
      String name = "c" + i;
      clients.add(
          new Fetcher(
              name, threads.eventLoop(name), scheduler.fork(), world, Fetcher.Habit.READS_ON));
    }
    clients.add(
        new Admin(
            threads.eventLoop("admin"),
            scheduler.fork(),
            world,
            1 + random.nextInt(3),
            OptionalInt.empty(),
            random.nextInt(3) == 0));
    for (LogKeeper.Policy policy : LogKeeper.Policy.values()) {
      String name = "kept-" + policy.name().toLowerCase(Locale.ROOT).replace('_', '-');
      keepers.add(
          new LogKeeper(
              name,
              threads.eventLoop(name),
              scheduler.fork(),
              world,
              policy,
              faults::startedAfterJump));
    }
    clients.addAll(keepers);
    this.reader = new Reader(threads.eventLoop("reader"), scheduler.fork(), world);
    this.stepper = new Stepper(scheduler, checks, this::afterStep, this::whoWaits);
  }

  /** Runs the seed with the broker as it is. */
  public static Result run(long seed) {
    return run(seed, line -> {});
  }

  /**
   * The same, telling {@code log} of every disk call and event: two runs that differ show where.
   */
  public static Result run(long seed, Consumer<String> log) {
    return new Simulation(seed, CoreProcess::start, log).run();
  }

  private MetadataImage newestImage() {
    BrokerProcess process = host.process();
    return process == null ? MetadataImage.EMPTY : process.image();
  }

  private void onDiskCall(String call, Consumer<String> log) {
    coverage.onDiskCall(call);
    faults.onDiskCall(call);
    log.accept("%d %s".formatted(scheduler.nowNs(), call));
  }

  Result run() {
    try {
      clients.forEach(Client::start);
      reader.start();
      int rounds = 1 + random.nextInt(2);
      for (int round = 0; round < rounds; round++) {
        chaos();
        peace();
      }
      faults.restart(true);
      await(() -> faults.exhausted() && host.starts() > 0, "the last restart");
      readAll();
      faults.restart(false);
      readAll();
      if (random.nextInt(3) == 0) {
        damage();
      }
    } catch (IOException | RuntimeException | Error failure) {
      throw new FailedException(
          "seed %d: %s%nreplay: mvn -pl simulation -am test -Dquick -Dsurefire.failIfNoSpecifiedTests=false -Dtest=BrokerSimulation -Dmillrace.seed=%d%n%s"
              .formatted(seed, failure.getMessage(), seed, story),
          failure);
    }
    faults.begun().forEach((fault, times) -> coverage.count("fault " + fault, times));
    coverage.count("power loss after recycling", faults.powerLossesAfterRecycling());
    coverage.count("batch", ledger.batches());
    coverage.count("start", host.starts());
    keepers.forEach(keeper -> coverage.count("gone by " + keeper.policy(), keeper.gone()));
    return new Result(seed, scheduler.traceHash(), scheduler.steps(), coverage.counts());
  }

  private void chaos() {
    story.tell("faults begin");
    network.lossPerMille(random.nextInt(3) == 0 ? 10 : 1);
    clients.forEach(Client::work);
    faults.plan(1 + random.nextInt(5));
    long endNs = scheduler.nowNs() + CHAOS_NS_MAX;
    stepper.runUntil(() -> faults.exhausted() || scheduler.nowNs() > endNs);
  }

  private void peace() {
    story.tell("faults end");
    network.lossPerMille(0);
    faults.heal();
    clients.forEach(Client::rest);
    await(() -> clients.stream().allMatch(Client::done), "what clients have begun");
    readAll();
  }

  private void readAll() {
    await(() -> host.process() != null, "the broker");
    story.tell("reading everything");
    reader.readAll();
    await(reader::done, "the reader");
    keepers.forEach(LogKeeper::readAll);
    await(() -> keepers.stream().allMatch(Client::done), "the keepers of logs");
    story.tell(ledger.batches() + " batches are where they were");
  }

  /**
   * E2: one flipped bit. What is served is right all the same, what is not is refused, and nothing
   * is forgotten silently.
   */
  private void damage() throws IOException {
    clients.forEach(Client::work);
    stepper.runFor(WORK_NS);
    clients.forEach(Client::rest);
    await(() -> clients.stream().allMatch(Client::done), "what clients have begun");
    stepper.runFor(IDLE_NS);
    SimulatedDisk disk = host.machine().disk();
    boolean ofTheLog = random.nextBoolean();
    Path folder = BrokerHost.DATA.resolve("store");
    List<Path> files = disk.files(ofTheLog ? folder.resolve("wal") : folder);
    if (files.isEmpty()) {
      return; // all of the log is merged
    }
    Path file = files.get(random.nextInt(files.size()));
    if (disk.fileBytes(file) == 0) {
      return;
    }
    long bit = random.nextLong(disk.fileBytes(file) * Byte.SIZE);
    story.tell("bit " + bit + " of " + file + " flips");
    disk.flipBit(file, bit);
    faults.corrupted();
    reader.expectDamage();
    if (ofTheLog || random.nextBoolean()) {
      host.crashProcess();
    }
    reader.readAll();
    await(() -> faults.refused() || (host.process() != null && reader.done()), "the reader");
    coverage.count("flipped bit", 1);
    coverage.count("flipped bit refused at start", faults.refused() ? 1 : 0);
  }

  private void await(BooleanSupplier condition, String what) {
    stepper.await(condition, what, PEACE_NS_MAX);
  }

  private void afterStep() {
    SimulatedThreads threads = host.machine().process();
    if (threads != null && threads.pending() > TASKS_PENDING_MAX) {
      throw new Violation("I13: " + threads.pending() + " tasks wait in the broker");
    }
    BrokerProcess process = host.process();
    if (process != null) {
      imageCheck.check(process.image());
    }
    faults.afterStep();
  }

  private String whoWaits() {
    StringBuilder text = new StringBuilder();
    List<Client> all = new ArrayList<>(clients);
    all.add(reader);
    for (Client client : all) {
      if (!client.done()) {
        text.append("\n  ").append(client.waitsFor());
      }
    }
    for (Connection connection : host.connections()) {
      text.append(
          "\n  %s: %d requests unanswered".formatted(connection.id(), connection.unanswered()));
    }
    @Nullable Throwable ended = host.ended();
    SimulatedThreads threads = host.machine().process();
    text.append(
        "\n  broker %s, %d tasks"
            .formatted(
                ended != null ? "ended: " + ended : host.process() != null ? "is up" : "is not up",
                threads == null ? 0 : threads.pending()));
    return text.toString();
  }
}
