package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Threads;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.simulation.ConsumerMember.Subscription;
import io.millrace.simulation.Simulation.FailedException;
import io.millrace.simulation.Simulation.Result;
import io.millrace.simulation.TransactionalProducer.Version;
import io.millrace.simulation.store.SimulatedStore;
import io.millrace.simulation.store.StoreWeather;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * One seed, or one script, of a cluster: brokers that share a store, their clients, and what goes
 * wrong. After faults comes a time of peace in which everything must get done, every partition be
 * led, nothing wait for recovery, and garbage go. Single-threaded; the same seed takes the same
 * steps.
 */
final class SimulatedCluster {
  private static final int PORT = 9092;
  private static final String META = "meta/";
  private static final int TASKS_PENDING_MAX = 20_000;
  private static final int SLOWNESS = 20;
  private static final int TRANSACTION_SLOWNESS = 8;
  private static final long PEACE_NS_MAX = TimeUnit.SECONDS.toNanos(300);
  private static final long CHAOS_NS_MAX = TimeUnit.SECONDS.toNanos(120);
  private static final long SESSION_NS_MAX = TimeUnit.SECONDS.toNanos(60);
  private static final long CALM_NS = TimeUnit.SECONDS.toNanos(60);
  private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final long REQUEST_TIMEOUT_NS_MAX = TimeUnit.SECONDS.toNanos(20);

  private final long seed;
  private final SimulatedScheduler scheduler;
  private final SplittableRandom random;
  private final Story story;
  private final Coverage coverage = new Coverage();
  private final Checks checks = new Checks();
  private final ClusterHosts hosts = new ClusterHosts();
  private final SimulatedStore store;
  private final Network network;
  private final LogTruth truth;
  private final ClusterWatch watch;
  private final Ledger ledger;
  private final ClusterOrders orders;
  private final ClusterFaults faults;
  private final Stepper stepper;
  private final List<Client> clients = new ArrayList<>();
  private final List<GroupLedger> groups = new ArrayList<>();
  private final TransactionLedger transactions = new TransactionLedger();
  private final Auditor auditor;
  private final Threads clientThreads;
  private final Client.World world;
  private final Reader reader;
  private int producers;

  /**
   * @param size machines with a node id each; which of them are members is said by {@link #join}
   * @param slowness of clients; 1 is full speed
   */
  SimulatedCluster(
      long seed, int size, int slowness, Member.Starter starter, Consumer<String> log) {
    this.seed = seed;
    this.scheduler = new SimulatedScheduler(seed);
    this.random = scheduler.fork();
    this.story = new Story(scheduler, log);
    this.store = new SimulatedStore(scheduler);
    this.network = new Network(scheduler, hosts.all(), false);
    for (int node = 1; node <= size; node++) {
      hosts.add(host("b" + node, node, starter), host("twin" + node, node, starter));
    }
    this.truth = new LogTruth(coverage);
    this.watch =
        new ClusterWatch(store, truth, checks, coverage, story, writer -> hosts.of(writer) != null);
    store.watcher(watch);
    this.ledger = new Ledger(false, truth);
    this.orders = new ClusterOrders(hosts, ledger, watch, story, coverage);
    this.faults =
        new ClusterFaults(scheduler, hosts, store, network, watch, orders, story, coverage);
    this.stepper = new Stepper(scheduler, checks, this::afterStep, this::whoWaits);
    SimulatedMachine clientMachine = new SimulatedMachine(scheduler, "clients");
    this.clientThreads = clientMachine.startProcess().threads();
    this.world =
        new Client.World(
            network,
            checks,
            ledger,
            clientMachine.clock(),
            watch::newest,
            () -> {},
            TimeUnit.SECONDS.toNanos(1) + random.nextLong(REQUEST_TIMEOUT_NS_MAX),
            slowness);
    this.reader = new Reader(clientThreads.eventLoop("reader"), scheduler.fork(), world);
    reader.start();
    this.auditor =
        new Auditor(
            "auditor", clientThreads.eventLoop("auditor"), scheduler.fork(), world, transactions);
  }

  private BrokerHost host(String name, int node, Member.Starter starter) {
    Endpoint address = new Endpoint("PLAINTEXT", name, PORT, "PLAINTEXT");
    SimulatedMachine machine = new SimulatedMachine(scheduler, name);
    machine.clock().monotonicOffset(hosts.all().size() * TimeUnit.HOURS.toNanos(1));
    BrokerHost[] self = new BrokerHost[1];
    self[0] =
        new BrokerHost(
            name,
            address,
            machine,
            environment -> {
              EventLoop storeReplies = environment.threads().eventLoop("store");
              EventLoop peerReplies = environment.threads().eventLoop("peer-replies");
              return starter.start(
                  environment,
                  new Member(
                      node,
                      address,
                      store.view(name, storeReplies),
                      new SimulatedPeers(network, name, peerReplies),
                      new SimulatedBrokerLink(network, name, peerReplies),
                      self[0]::closeConnections));
            });
    return self[0];
  }

  /** One seed: everything is drawn. */
  static Result run(long seed, Member.Starter starter, Consumer<String> log) {
    int members = 1 + new SplittableRandom(seed).nextInt(5);
    SimulatedCluster cluster =
        new SimulatedCluster(seed, Math.min(5, members + 1), SLOWNESS, starter, log);
    cluster.told("ClusterSimulation", () -> cluster.play(members));
    return cluster.result();
  }

  /** One seed of groups and transactions: fewer brokers and faults, more that coordinators do. */
  static Result runTransactions(long seed, Member.Starter starter, Consumer<String> log) {
    int members = 1 + new SplittableRandom(seed).nextInt(3);
    SimulatedCluster cluster =
        new SimulatedCluster(seed, members + 1, TRANSACTION_SLOWNESS, starter, log);
    cluster.told("TransactionSimulation", () -> cluster.playTransactions(members));
    return cluster.result();
  }

  private void playTransactions(int members) {
    for (int node = 1; node <= members; node++) {
      join(node);
    }
    addClients(random.nextInt(2), 0, 1 + random.nextInt(2), false);
    addTransactions(1 + random.nextInt(2));
    addAnyGroup(1 + random.nextInt(3));
    if (random.nextInt(4) > 0) {
      store.weather(StoreWeather.CHANGEABLE);
    }
    chaos(5 + random.nextInt(12));
    peace();
  }

  private void play(int members) {
    for (int node = 1; node <= members; node++) {
      join(node);
    }
    addClients(
        1 + random.nextInt(3),
        1 + random.nextInt(2),
        1 + random.nextInt(3),
        random.nextInt(3) == 0);
    if (random.nextBoolean()) {
      addAnyGroup(1 + random.nextInt(3));
    }
    if (random.nextInt(4) > 0) {
      store.weather(StoreWeather.CHANGEABLE);
    }
    int rounds = 1 + random.nextInt(2);
    for (int round = 0; round < rounds; round++) {
      chaos(1 + random.nextInt(12));
      peace();
    }
  }

  /** Runs a script; what it finds is told with the seed and what happened before. */
  private void told(String test, Runnable script) {
    try {
      script.run();
    } catch (RuntimeException | Error failure) {
      throw new FailedException(
          "seed %d: %s%nreplay: mvn -pl simulation -am test -Dquick -Dsurefire.failIfNoSpecifiedTests=false -Dtest=%s -Dmillrace.seed=%d%n%s"
              .formatted(seed, failure.getMessage(), test, seed, story),
          failure);
    }
  }

  Result result() {
    faults.begun().forEach((fault, times) -> coverage.count("fault " + fault, times));
    coverage.count("batch", ledger.batches());
    for (TransactionLedger.Fate fate : TransactionLedger.Fate.values()) {
      coverage.count("transaction " + fate, transactions.count(fate));
    }
    groups.forEach(group -> {
      coverage.count("generation of a group", group.generation());
      coverage.count("member expelled", group.expelled());
    });
    coverage.count("topic created again", ledger.createdAgain());
    return new Result(seed, scheduler.traceHash(), scheduler.steps(), coverage.counts());
  }

  /** The broker of this node id is to run. */
  void join(int node) {
    hosts.join(broker(node));
  }

  BrokerHost broker(int node) {
    return hosts.all().get(2 * (node - 1));
  }

  void addClients(int producerCount, int consumerCount, int topics, boolean deletesTopics) {
    for (int i = 0; i < producerCount; i++) {
      addProducer(producers == 0 || random.nextBoolean());
    }
    for (int i = 0; i < consumerCount; i++) {
      addFetcher("c" + i, Fetcher.Habit.READS_ON);
    }
    addTopics(topics, OptionalInt.empty(), deletesTopics);
  }

  /**
   * @param partitions of each; drawn if empty
   */
  void addTopics(int topics, OptionalInt partitions, boolean deletesTopics) {
    start(
        new Admin(
            clientThreads.eventLoop("admin"),
            scheduler.fork(),
            world,
            topics,
            partitions,
            deletesTopics));
  }

  /**
   * Producers with a transactional id each, some with one that another has too, one that consumes
   * and produces, and an auditor.
   */
  void addTransactions(int producerCount) {
    for (int i = 0; i < producerCount; i++) {
      TransactionLedger.Id id = new TransactionLedger.Id("t" + i);
      Version version = anyVersion();
      addTransactionalProducer(
          id.name, id, new TransactionalProducer.Habits(version, random.nextInt(3) == 0));
      if (random.nextInt(4) == 0) {
        addTransactionalProducer(
            id.name + "-again", id, new TransactionalProducer.Habits(version, false));
      }
    }
    addTransformer(anyVersion());
    addAuditor();
  }

  private Version anyVersion() {
    return any(List.of(Version.values()));
  }

  private <T> T any(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  void addTransformer(Version version) {
    String name = "transformer";
    start(
        new Transformer(
            name,
            clientThreads.eventLoop(name),
            scheduler.fork(),
            world,
            transactions,
            new TransactionLedger.Id(name),
            version));
  }

  void addTransactionalProducer(
      String name, TransactionLedger.Id id, TransactionalProducer.Habits habits) {
    start(
        new TransactionalProducer(
            name,
            clientThreads.eventLoop(name),
            scheduler.fork(),
            world,
            transactions,
            id,
            habits));
  }

  void addAuditor() {
    start(auditor);
  }

  /** A group of the classic or the consumer protocol, as it is drawn. */
  private void addAnyGroup(int members) {
    boolean restarts = random.nextBoolean();
    if (random.nextBoolean()) {
      addGroup("g0", members, restarts);
    } else {
      addConsumerGroup("g0", members, restarts);
    }
  }

  /** A group with so many members of the classic protocol, every other of them static. */
  GroupLedger addGroup(String name, int members, boolean restarts) {
    return addGroup(
        new GroupLedger(name, false),
        members,
        (i, member, group) ->
            new ClassicMember(
                member,
                clientThreads.eventLoop(member),
                scheduler.fork(),
                world,
                group,
                new GroupMember.Habits(i % 2 == 0, restarts)));
  }

  /** The same of the consumer protocol; subscriptions are drawn. */
  GroupLedger addConsumerGroup(String name, int members, boolean restarts) {
    return addGroup(
        new GroupLedger(name, true),
        members,
        (i, member, group) ->
            new ConsumerMember(
                member,
                clientThreads.eventLoop(member),
                scheduler.fork(),
                world,
                group,
                new GroupMember.Habits(i % 2 == 0, restarts),
                any(List.of(Subscription.values()))));
  }

  private interface MemberMaker {
    GroupMember make(int number, String name, GroupLedger group);
  }

  private GroupLedger addGroup(GroupLedger group, int members, MemberMaker maker) {
    groups.add(group);
    for (int i = 0; i < members; i++) {
      start(maker.make(i, group.name() + "-m" + i, group));
    }
    addOffsetAsker(group.name() + "-asker", group);
    return group;
  }

  void addOffsetAsker(String name, GroupLedger group) {
    start(new OffsetAsker(name, clientThreads.eventLoop(name), scheduler.fork(), world, group));
  }

  void addFetcher(String name, Fetcher.Habit habit) {
    start(new Fetcher(name, clientThreads.eventLoop(name), scheduler.fork(), world, habit));
  }

  Producer addProducer(boolean idempotent) {
    String name = "p" + producers++;
    Producer producer =
        new Producer(name, clientThreads.eventLoop(name), scheduler.fork(), world, idempotent);
    start(producer);
    return producer;
  }

  private void start(Client client) {
    clients.add(client);
    client.start();
  }

  private void chaos(int count) {
    story.tell("faults begin");
    work();
    faults.plan(count);
    long endNs = scheduler.nowNs() + CHAOS_NS_MAX;
    stepper.runUntil(() -> faults.exhausted() || scheduler.nowNs() > endNs);
  }

  /** Clients make new work from now on. */
  void work() {
    clients.forEach(Client::work);
  }

  /** Clients make no new work and finish what they have begun. */
  void rest() {
    clients.forEach(Client::rest);
    await(() -> clients.stream().allMatch(Client::done), "what clients have begun");
  }

  /** Every member serves, everything is led. */
  void awaitSettled() {
    await(each(TICK_NS / 10, this::settled), "the cluster to settle");
  }

  /** Nothing goes wrong any more; everything must get done, and all that clients were told hold. */
  void peace() {
    story.tell("faults end");
    faults.heal();
    rest();
    awaitSettled();
    story.tell("reading everything");
    reader.readAll();
    awaitRead(reader, reader::left);
    if (clients.contains(auditor)) {
      auditor.audit();
      awaitRead(auditor, auditor::left);
    }
    story.tell(ledger.batches() + " batches are where they were");
    Set<String> garbage = watch.garbage();
    boolean idle = seed % 2 == 0;
    if (idle) {
      garbage.removeIf(key -> key.startsWith(META)); // waits for the next boundary
    }
    await(each(TICK_NS, () -> garbageGone(garbage, idle)), "garbage to go");
    if (seed % 4 == 0 && !groups.isEmpty()) {
      calm();
    }
  }

  /** C5: once those that went away without a word are forgotten, no group has a reason to move. */
  private void calm() {
    stepper.runFor(SESSION_NS_MAX);
    await(() -> clients.stream().allMatch(Client::done), "members that have come back");
    List<Integer> before = groups.stream().map(GroupLedger::generation).toList();
    stepper.runFor(CALM_NS);
    List<Integer> after = groups.stream().map(GroupLedger::generation).toList();
    if (!after.equals(before)) {
      throw new Violation(
          "C5: nothing happened, and groups went from generations %s to %s"
              .formatted(before, after));
    }
  }

  /** Of a cluster that is idle too, or of one in which entries are committed. */
  private boolean garbageGone(Set<String> garbage, boolean idle) {
    garbage.retainAll(watch.garbage());
    boolean gone = watch.orphans().isEmpty() && garbage.isEmpty();
    if (!gone && !idle) {
      orders.tick(random);
    }
    return gone;
  }

  /** The condition, looked at now and then. */
  private BooleanSupplier each(long intervalNs, BooleanSupplier condition) {
    long[] nextNs = {scheduler.nowNs()};
    return () -> {
      if (scheduler.nowNs() < nextNs[0]) {
        return false;
      }
      nextNs[0] = scheduler.nowNs() + intervalNs;
      return condition.getAsBoolean();
    };
  }

  /** Every member is registered, nothing waits for recovery, who should lead leads. */
  private boolean settled() {
    MetadataImage image = watch.newest();
    return hosts.all().stream().filter(hosts::isMember).allMatch(this::isUp)
        && image.incarnations().values().stream()
            .noneMatch(incarnation -> incarnation.state() == IncarnationState.FENCED)
        && image.topics().values().stream()
            .flatMap(topic -> topic.partitions().stream())
            .allMatch(partition -> led(image, partition));
  }

  private boolean isUp(BrokerHost host) {
    BrokerProcess process = host.process();
    return process != null && watch.newest().isRegistered(process.writer());
  }

  private static boolean led(MetadataImage image, Partition partition) {
    boolean obeyed =
        partition.targetLeader().map(node -> !image.brokers().containsKey(node)).orElse(true);
    return obeyed && partition.leader().map(image::isRegistered).orElse(false);
  }

  void await(BooleanSupplier condition, String what) {
    stepper.await(condition, what, PEACE_NS_MAX);
  }

  /** How much there is to read is no matter, but it must go on. */
  private void awaitRead(Client client, LongSupplier left) {
    while (!client.done()) {
      long before = left.getAsLong();
      await(() -> client.done() || left.getAsLong() < before, client.name);
    }
  }

  Stepper stepper() {
    return stepper;
  }

  ClusterFaults faults() {
    return faults;
  }

  ClusterOrders orders() {
    return orders;
  }

  long nowNs() {
    return scheduler.nowNs();
  }

  LogTruth truth() {
    return truth;
  }

  ClusterWatch watch() {
    return watch;
  }

  SimulatedStore store() {
    return store;
  }

  Ledger ledger() {
    return ledger;
  }

  TransactionLedger transactions() {
    return transactions;
  }

  Coverage coverage() {
    return coverage;
  }

  ClusterHosts hosts() {
    return hosts;
  }

  Network network() {
    return network;
  }

  private void afterStep() {
    for (BrokerHost host : hosts.all()) {
      BrokerProcess process = host.process();
      if (process != null) {
        watch.follow(process);
      }
      SimulatedThreads threads = host.machine().process();
      if (threads != null && threads.pending() > TASKS_PENDING_MAX) {
        throw new Violation("I13: " + threads.pending() + " tasks wait in " + host.name());
      }
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
    for (BrokerHost host : hosts.all()) {
      if (hosts.isMember(host) || host.machine().running()) {
        text.append("\n  ").append(describe(host));
      }
    }
    MetadataImage image = watch.newest();
    text.append(
        "\n  newest entry %d, objects by level %s"
            .formatted(
                image.entryNumber(),
                image.objects().values().stream()
                    .collect(
                        Collectors.groupingBy(
                            ObjectInfo::level, TreeMap::new, Collectors.counting()))));
    for (Incarnation incarnation : image.incarnations().values()) {
      if (incarnation.state() == IncarnationState.FENCED) {
        text.append("\n  waits for recovery: ").append(incarnation);
      }
    }
    for (Topic topic : image.topics().values()) {
      for (int p = 0; p < topic.partitions().size(); p++) {
        if (!led(image, topic.partitions().get(p))) {
          text.append("\n  %s-%d: %s".formatted(topic.name(), p, topic.partitions().get(p)));
        }
      }
    }
    Set<String> orphans = watch.orphans();
    text.append("\n  %d orphans %s".formatted(orphans.size(), orphans.stream().limit(3).toList()));
    return text.toString();
  }

  private static String describe(BrokerHost host) {
    Throwable ended = host.ended();
    BrokerProcess process = host.process();
    SimulatedThreads threads = host.machine().process();
    String state =
        !host.machine().running()
            ? "is down"
            : ended != null ? "ended: " + ended : process == null ? "starts" : "is up";
    return "%s %s, %d tasks, %d requests unanswered, entry %d"
        .formatted(
            host.name(),
            state,
            threads == null ? 0 : threads.pending(),
            host.connections().stream().mapToInt(Connection::unanswered).sum(),
            process == null ? -1 : process.image().entryNumber());
  }
}
