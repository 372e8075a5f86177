package io.millrace.simulation;

import static io.millrace.simulation.ClusterScript.FULL_SPEED;
import static io.millrace.simulation.ClusterScript.SECOND_NS;
import static io.millrace.simulation.ClusterScript.SLOW;
import static io.millrace.simulation.ClusterScript.busy;
import static io.millrace.simulation.ClusterScript.cluster;
import static io.millrace.simulation.ClusterScript.coordinator;
import static io.millrace.simulation.ClusterScript.cut;
import static io.millrace.simulation.ClusterScript.hasState;
import static io.millrace.simulation.ClusterScript.leading;
import static io.millrace.simulation.ClusterScript.leadingMost;
import static io.millrace.simulation.ClusterScript.registered;
import static io.millrace.simulation.ClusterScript.repeatLast;
import static io.millrace.simulation.ClusterScript.run;
import static io.millrace.simulation.ClusterScript.started;
import static io.millrace.simulation.ClusterScript.unpublished;
import static io.millrace.simulation.ClusterScript.writer;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore;
import io.millrace.simulation.TransactionalProducer.Habits;
import io.millrace.simulation.TransactionalProducer.Version;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Cases that chance brings too seldom, each with a script of its own in virtual time. */
final class ClusterCasesSimulation {
  private static final String LATE_SEAL = "late seal at a collected entry";

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aLiveBrokerThatOthersSuspectIsSealedWhileItWritesAtFullSpeed(long seed) {
    SimulatedCluster cluster = started(seed, 3, FULL_SPEED);
    BrokerHost suspect = cluster.broker(leading(cluster));
    WriterId writer = writer(suspect);
    run(cluster, 1);

    cut(cluster, suspect, 40);
    cluster.await(() -> hasState(cluster, writer, IncarnationState.FENCED), "the fence");
    long sealsBefore = cluster.coverage().count("seal");
    long entriesAtFence = cluster.truth().entries(writer);
    long fencedAtNs = cluster.nowNs();
    cluster.await(() -> hasState(cluster, writer, IncarnationState.RECOVERED), "the recovery");

    assertThat(entriesAtFence).as("it wrote at full speed").isGreaterThan(50);
    assertThat(cluster.coverage().count("seal") - sealsBefore).as("seals").isLessThanOrEqualTo(64);
    assertThat(cluster.nowNs() - fencedAtNs).isLessThan(10 * SECOND_NS);
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aWriterThatDoesNotHearOfItsFenceIsOvertakenBySealsOverASlowStore(long seed) {
    SimulatedCluster cluster = started(seed, 3, FULL_SPEED);
    BrokerHost suspect = cluster.broker(leading(cluster));
    WriterId writer = writer(suspect);
    cut(cluster, suspect, 60);
    cluster.await(() -> hasState(cluster, writer, IncarnationState.FENCED), "the fence");
    cluster.faults().stall(suspect, "metadata", 120 * SECOND_NS);
    for (BrokerHost other : cluster.hosts().all()) {
      if (!other.equals(suspect)) {
        cluster.store().throttle(other.name(), 60 * SECOND_NS);
      }
    }
    long fencedAtNs = cluster.nowNs();
    cluster.await(() -> hasState(cluster, writer, IncarnationState.RECOVERED), "the recovery");

    assertThat(cluster.nowNs() - fencedAtNs).isLessThan(50 * SECOND_NS);
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aCommandThatArrivesAfterItsIssuerWasFencedIsVoid(long seed) {
    SimulatedCluster cluster = started(seed, 3, SLOW);
    BrokerHost issuer = cluster.broker(3);
    WriterId writer = writer(issuer);
    cluster.network().breakWay(issuer.name(), cluster.broker(1).name(), 40 * SECOND_NS);
    MetadataLog metadata = Objects.requireNonNull(issuer.process()).metadata();
    issuer.onPeerLoop(() -> metadata.submit(new NoOp()));
    cluster.stepper().runFor(SECOND_NS / 4);

    cluster.hosts().leave(issuer);
    cluster.faults().crash(issuer);
    cluster.await(() -> hasState(cluster, writer, IncarnationState.FENCED), "the fence");
    run(cluster, 45);
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void anEntryThatTheStoreHasLostIsDamageAndNotTheEndOfTheLog(long seed) {
    SimulatedCluster cluster = busy(seed, FULL_SPEED);
    BrokerHost dead = cluster.broker(leadingMost(cluster));
    WriterId writer = writer(dead);
    cluster.faults().stall(dead, "metadata", 60 * SECOND_NS); // nothing is published meanwhile
    cluster.await(() -> unpublished(cluster, writer).size() > 24, "entries");
    cluster.hosts().leave(dead);
    cluster.faults().crash(dead);
    List<String> entries = unpublished(cluster, writer);
    cluster.store().lose(entries.get(entries.size() - 12));
    cluster.await(() -> hasState(cluster, writer, IncarnationState.FENCED), "the fence");
    run(cluster, 30);

    assertThat(hasState(cluster, writer, IncarnationState.RECOVERED)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aReaderOfTheMetadataThatIsStoppedAcrossACollectionComesBackByASnapshot(long seed) {
    SimulatedCluster cluster = started(seed, 3, SLOW);
    BrokerHost reader = cluster.broker(2);
    WriterId writer = writer(reader);
    long jumpsBefore = cluster.coverage().count("snapshot jump");

    cluster.faults().stall(reader, "metadata", 60 * SECOND_NS);
    long boundariesBefore = cluster.coverage().count("boundary");
    for (int i = 0; i < 100; i++) {
      cluster.orders().tick(new SplittableRandom(seed + i));
      cluster.stepper().runFor(SECOND_NS / 2);
    }
    assertThat(cluster.coverage().count("boundary") - boundariesBefore).isGreaterThan(3);
    cluster.peace();

    assertThat(cluster.coverage().count("snapshot jump")).isGreaterThan(jumpsBefore);
    boolean lives = cluster.watch().newest().isRegistered(writer);
    assertThat(lives || !writer(reader).equals(writer)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aCollectorStalledWithAnOldBoundaryDeletesNothingThatIsListedSince(long seed) {
    SimulatedCluster cluster = started(seed, 3, SLOW);
    for (int round = 0; round < 3; round++) {
      cluster.watch().forgetCollector();
      cluster.await(() -> cluster.watch().lastCollector() != null, "a collector to list objects");
      long boundaries = cluster.coverage().count("boundary");
      long merges = cluster.coverage().count("object merged");
      BrokerHost collector =
          cluster.hosts().all().stream()
              .filter(host -> host.name().equals(cluster.watch().lastCollector()))
              .findFirst()
              .orElseThrow();
      cluster.faults().stall(collector, "storage", 30 * SECOND_NS); // its list is on the way
      for (int i = 0; i < 60; i++) {
        cluster.orders().tick(new SplittableRandom(seed + i));
        cluster.stepper().runFor(SECOND_NS / 2);
      }
      assertThat(cluster.coverage().count("boundary")).isGreaterThan(boundaries);
      assertThat(cluster.coverage().count("object merged")).isGreaterThan(merges);
      run(cluster, 5);
    }

    assertThat(cluster.coverage().count("merged object deleted by an old boundary")).isPositive();
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void twoProcessesWithOneNodeIdNeverShareAnIncarnation(long seed) {
    SimulatedCluster cluster = started(seed, 2, SLOW);
    BrokerHost one = cluster.broker(1);
    BrokerHost twin = Objects.requireNonNull(cluster.hosts().twinOf(one));
    cluster.hosts().join(twin);
    cluster.await(
        () -> cluster.coverage().count("process that found its node id in use") > 0,
        "the twin to refuse");

    Set<WriterId> writers = new HashSet<>();
    for (int round = 0; round < 4; round++) {
      cluster.faults().crash(one);
      if (twin.machine().running()) {
        cluster.faults().crash(twin);
      }
      run(cluster, 25);
      for (BrokerHost host : List.of(one, twin)) {
        if (host.process() != null) {
          assertThat(writers.add(writer(host))).as("a new writer id each time").isTrue();
        }
      }
    }
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void leadersMoveByOrderOfThirdBrokersUnderLoadAndNoOffsetIsGivenTwice(long seed) {
    SimulatedCluster cluster = started(seed, 5, 10);
    long before = cluster.coverage().count("handover");

    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 60; i++) {
      cluster.orders().handOver(random);
      cluster.stepper().runFor(random.nextLong(SECOND_NS / 2));
    }

    assertThat(cluster.coverage().count("handover") - before).isGreaterThan(10);
    cluster.peace();
    assertThat(cluster.coverage().count("incarnation FENCED")).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aBatchSentAgainAfterItsLogWasEmptiedAndTakenOverIsADuplicate(long seed) {
    SimulatedCluster cluster = cluster(seed, 3, 3, SLOW);
    Producer producer = cluster.addProducer(true);
    cluster.addClients(0, 1, 1, false);
    run(cluster, 20);
    cluster.rest();
    cluster.awaitSettled();

    for (PartitionLedger partition : cluster.ledger().live()) {
      cluster.orders().moveLogStart(partition, partition.end());
    }
    cluster.await(
        () -> cluster.ledger().live().stream().allMatch(p -> p.logStart() == p.end()),
        "the logs to be empty");
    run(cluster, 30); // what was in them is dropped
    for (int node = 1; node <= 3; node++) {
      cluster.faults().crash(cluster.broker(node));
    }
    run(cluster, 30);
    cluster.awaitSettled();
    long duplicates = cluster.coverage().count(LogTruth.DUPLICATE_ELSEWHERE);
    repeatLast(cluster, producer);

    assertThat(cluster.coverage().count(LogTruth.DUPLICATE_ELSEWHERE)).isGreaterThan(duplicates);
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aBatchSentAgainAfterClocksJumpedAnHourIsADuplicate(long seed) {
    SimulatedCluster cluster = cluster(seed, 3, 3, SLOW);
    Producer producer = cluster.addProducer(true);
    cluster.addClients(0, 1, 1, false);
    cluster.await(() -> cluster.ledger().batches() > 5, "the first batches");
    cluster.rest();
    cluster.awaitSettled();

    cluster.hosts().all().forEach(host -> host.machine().clock().jump(3_600_000));
    run(cluster, 20); // idle producers are looked for each five seconds
    repeatLast(cluster, producer);
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aMinuteWithoutStoreForAllFencesNobodyAndSessionsSurvive(long seed) {
    SimulatedCluster cluster = started(seed, 3, SLOW);
    GroupLedger group = cluster.addGroup("g", 3, false);
    cluster.rest(); // all members are there, and have read and committed all
    cluster.work();
    run(cluster, 5);
    Set<WriterId> before = registered(cluster);
    int generation = group.generation();

    cluster.store().outage(60 * SECOND_NS);
    run(cluster, 70);
    cluster.peace();

    assertThat(registered(cluster)).isEqualTo(before);
    assertThat(cluster.coverage().count("incarnation FENCED")).isZero();
    assertThat(group.expelled()).isZero();
    assertThat(group.generation()).isEqualTo(generation);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aZombieWhoseAdoptedEntriesWereCollectedAcknowledgesNothingAndRegistersAnew(long seed) {
    SimulatedCluster cluster = busy(seed, SLOW);
    BrokerHost zombie = cluster.broker(leadingMost(cluster));
    WriterId writer = writer(zombie);

    cluster.store().outage(zombie.name(), SECOND_NS); // some of its last puts come late
    cluster.stepper().runFor(SECOND_NS / 2);
    cluster.faults().stop(zombie, 90 * SECOND_NS);
    run(cluster, 85);
    assertThat(hasState(cluster, writer, IncarnationState.RECOVERED)).isTrue();
    long end =
        Objects.requireNonNull(cluster.watch().newest().incarnations().get(writer)).endSequence();
    assertThat(cluster.store().keys(Keys.walPrefix(writer)))
        .as("most of what was adopted is merged and gone")
        .filteredOn(key -> Keys.number(key) <= end)
        .hasSizeLessThan((int) end / 2);
    cluster.peace();

    assertThat(cluster.coverage().count("zombie continued")).isPositive();
    assertThat(writer(zombie)).isNotEqualTo(writer);
  }

  @ParameterizedTest
  @CsvSource({"1, 40", "2, 40", "9, 4"}) // the last stops it with entries under way
  void aZombieTellsNobodyAnEndThatOthersHaveMoved(long seed, int slowness) {
    SimulatedCluster cluster = cluster(seed, 3, 3, slowness);
    cluster.addClients(2, 2, 2, false);
    for (int i = 0; i < 4; i++) {
      cluster.addFetcher("late" + i, Fetcher.Habit.ASKS_FORMER_LEADERS);
    }
    run(cluster, 10);

    for (int round = 0; round < 2; round++) {
      cluster.faults().stop(cluster.broker(leading(cluster)), 45 * SECOND_NS);
      run(cluster, 60);
    }
    assertThat(cluster.coverage().count("zombie continued")).isPositive();
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aZombieTellsNobodyAnOffsetThatTheGroupHasLeftBehind(long seed) {
    SimulatedCluster cluster = cluster(seed, 3, 3, SLOW);
    cluster.addClients(2, 1, 2, false);
    GroupLedger group = cluster.addGroup("g", 2, false);
    for (int i = 0; i < 4; i++) {
      cluster.addOffsetAsker("asker" + i, group);
    }
    cluster.await(() -> group.generation() >= 0, "the first generation");
    run(cluster, 10);

    for (int round = 0; round < 2; round++) {
      cluster.faults().stop(coordinator(cluster, group), 45 * SECOND_NS);
      run(cluster, 60);
    }
    assertThat(cluster.coverage().count("zombie continued")).isPositive();
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {6, 8, 12})
  void aMarkerThatComesAgainMuchLaterEndsNoOtherTransaction(long seed) {
    SimulatedCluster cluster = cluster(seed, 3, 3, FULL_SPEED);
    cluster.addTopics(1, OptionalInt.of(3), false);
    for (int i = 0; i < 3; i++) {
      String name = "t" + i;
      cluster.addTransactionalProducer(
          name, new TransactionLedger.Id(name), new Habits(Version.TWO, false));
    }
    cluster.addAuditor();
    run(cluster, 5);

    cluster.network().lossPerMille(20);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 15; i++) {
      cluster.orders().handOver(random);
      run(cluster, 3);
    }
    cluster.peace();
    assertThat(cluster.transactions().count(TransactionLedger.Fate.COMMITTED)).isPositive();
  }

  @ParameterizedTest
  @EnumSource(Version.class)
  void aTransactionIsCommittedThatHasMoreBatchesForOnePartitionThanItsClientHasTries(
      Version version) {
    SimulatedCluster cluster = cluster(1, 1, 1, FULL_SPEED);
    cluster.addTopics(1, OptionalInt.of(2), false); // one to consume and one to write to
    for (int i = 0; i < 3; i++) {
      String name = "t" + i;
      cluster.addTransactionalProducer(
          name, new TransactionLedger.Id(name), new Habits(version, false));
    }
    cluster.addAuditor();
    run(cluster, 20);

    cluster.addTransformer(version);
    run(cluster, 10);
    cluster.peace();

    assertThat(cluster.transactions().batchesMax(TransactionLedger.Fate.COMMITTED))
        .isGreaterThan(TransactionalProducer.TRIES_MAX + 1);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aMergeThatPausesBetweenItsOutputsAndTheirListingListsNothingThatIsGone(long seed) {
    SimulatedCluster cluster = started(seed, 3, SLOW);
    for (int round = 0; round < 12; round++) {
      for (int node = 1; node <= 3; node++) {
        cluster.faults().stall(cluster.broker(node), "merge", 6 * SECOND_NS);
      }
      run(cluster, 6);
      cluster.stepper().runFor(SECOND_NS / 5);
    }
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aScribeStoppedWithQueuedCommandsHoldsNobodyUpAndDoesNoHarmLater(long seed) {
    SimulatedCluster cluster = started(seed, 4, SLOW);
    SplittableRandom random = new SplittableRandom(seed);
    for (long seconds : new long[] {4, 6, 30}) {
      for (int i = 0; i < 10; i++) {
        cluster.orders().handOver(random);
      }
      long entry = cluster.watch().newest().entryNumber();
      cluster.faults().stop(cluster.broker(1), seconds * SECOND_NS);
      for (int i = 0; i < 10; i++) {
        cluster.orders().handOver(random);
        cluster.stepper().runFor(SECOND_NS / 4);
      }
      assertThat(cluster.watch().newest().entryNumber()).as("others go on").isGreaterThan(entry);
      run(cluster, seconds + 15);
    }
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void recoveryEndsOnAThrottledStore(long seed) {
    SimulatedCluster cluster = started(seed, 3, SLOW);
    BrokerHost dead = cluster.broker(leading(cluster));
    WriterId writer = writer(dead);
    for (BrokerHost host : cluster.hosts().all()) {
      cluster.store().throttle(host.name(), 60 * SECOND_NS);
    }

    long throttledAtNs = cluster.nowNs();
    cluster.hosts().leave(dead);
    cluster.faults().crash(dead);
    cluster.await(() -> hasState(cluster, writer, IncarnationState.RECOVERED), "the recovery");

    assertThat(cluster.nowNs() - throttledAtNs).as("while it throttles").isLessThan(50 * SECOND_NS);
    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aBrokerThatLeavesAloneWithoutStoreHandsNothingOverToWhoComesWhileItsLogIsUnsettled(
      long seed) {
    SimulatedCluster cluster = started(seed, 2, 1, SLOW);
    cluster.store().outage(cluster.broker(1).name(), 12 * SECOND_NS);
    run(cluster, 1);

    cluster.hosts().leaveGracefully(cluster.broker(1));
    cluster.join(2);
    run(cluster, 30);

    cluster.peace();
  }

  @ParameterizedTest
  @ValueSource(longs = 4)
  void aLateSealInPlaceOfACollectedEntryIsNotTakenForDamage(long seed) {
    SimulatedCluster cluster = cluster(seed, 4, 4, FULL_SPEED);
    cluster.addClients(2, 6, 2, false);
    cluster.await(() -> cluster.ledger().batches() > 40, "the first batches");
    BrokerHost dead = cluster.broker(leading(cluster));
    WriterId writer = writer(dead);
    cluster.faults().stall(dead, "metadata", 60 * SECOND_NS); // nothing is published meanwhile
    cluster.await(() -> unpublished(cluster, writer).size() > 24, "entries");
    cluster.hosts().leave(dead);
    cluster.faults().crash(dead);
    cluster.await(
        () -> cluster.store().bytes(Keys.fence(writer)) > 0, "the first takeover to begin");
    List<String> entries = unpublished(cluster, writer);
    BrokerHost first = cluster.broker(1); // the lowest that lives
    cluster.faults().stall(first, "takeover", 20 * SECOND_NS);
    cluster.await(() -> hasState(cluster, writer, IncarnationState.RECOVERED), "the recovery");
    cluster.stepper().runFor(SECOND_NS / 10); // all have heard of it

    BrokerHost reader = cluster.broker(leading(cluster));
    cluster.await(
        () -> {
          cluster.faults().stall(first, "takeover", SECOND_NS);
          cluster.faults().stall(reader, "metadata", 20 * SECOND_NS);
          return entries.stream().filter(key -> cluster.store().bytes(key) < 0).count() > 12;
        },
        "entries to be collected");
    cluster.await(() -> cluster.coverage().count(LATE_SEAL) > 0, "late seals");
    run(cluster, 15);
    cluster.peace();
  }

  @Test
  void aBrokerDoesNotStartOnAStoreWhosePutIfAbsentIsNotAtomic() {
    List<CompletableFuture<BrokerProcess>> starts = new ArrayList<>();
    SimulatedCluster cluster =
        new SimulatedCluster(
            1,
            1,
            SLOW,
            (environment, member) -> {
              starts.add(
                  ClusterProcess.start(
                      environment,
                      new Member(
                          member.nodeId(),
                          member.address(),
                          new OverwritingStore(member.store()),
                          member.peers(),
                          member.brokers(),
                          member.closeConnections())));
              return starts.getLast();
            },
            line -> {});

    cluster.broker(1).start();
    cluster.await(() -> !starts.isEmpty() && starts.getFirst().isDone(), "the answer to the start");

    assertThat(starts.getFirst().exceptionNow())
        .hasMessageContaining("put-if-absent is atomic")
        .hasMessageContaining("simulated");
    assertThat(cluster.store().keys(Keys.META_LOG)).isEmpty();
  }

  /** Says Stored to everybody. */
  private static final class OverwritingStore extends ForwardingStore {
    OverwritingStore(ObjectStore store) {
      super(store);
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
      return super.putIfAbsent(key, body).thenApply(_ -> new PutOutcome.Stored());
    }
  }
}
