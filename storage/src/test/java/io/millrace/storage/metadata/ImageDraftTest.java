package io.millrace.storage.metadata;

import static io.millrace.storage.metadata.Samples.A;
import static io.millrace.storage.metadata.Samples.ALICE;
import static io.millrace.storage.metadata.Samples.B;
import static io.millrace.storage.metadata.Samples.C;
import static io.millrace.storage.metadata.Samples.CLUSTER;
import static io.millrace.storage.metadata.Samples.D;
import static io.millrace.storage.metadata.Samples.ORDERS;
import static io.millrace.storage.metadata.Samples.ORDERS_0;
import static io.millrace.storage.metadata.Samples.ORDERS_1;
import static io.millrace.storage.metadata.Samples.checkpoint;
import static io.millrace.storage.metadata.Samples.data;
import static io.millrace.storage.metadata.Samples.orders;
import static io.millrace.storage.metadata.Samples.registered;
import static io.millrace.storage.metadata.Samples.wal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataRecord.ClusterCreated;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
import io.millrace.storage.metadata.MetadataRecord.Dropped;
import io.millrace.storage.metadata.MetadataRecord.FeaturesChanged;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.LeaderHandedOver;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.NodeUnregistered;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.MetadataRecord.PartitionsAdded;
import io.millrace.storage.metadata.MetadataRecord.ProducerIdsTaken;
import io.millrace.storage.metadata.MetadataRecord.QuotasChanged;
import io.millrace.storage.metadata.MetadataRecord.ReplicasChanged;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.metadata.MetadataRecord.UploadFloorMoved;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pcollections.TreePMap;

class ImageDraftTest {
  private final ImageWorld world = new ImageWorld();

  @BeforeEach
  void twoBrokersAndATopicLedByTheFirst() {
    world.applied(A, registered(A, 1));
    world.applied(B, registered(B, 2));
    world.applied(A, orders(1, 2));
  }

  @Test
  void commandsCountOnlyInOrderAndFromTheRegistered() {
    long next = world.incarnation(A).lastCommand() + 1;

    assertThat(world.apply(new Command(A, next + 1, new NoOp()))).contains("not the next");
    assertThat(world.apply(new Command(A, next - 1, new NoOp()))).contains("not the next");
    assertThat(world.apply(new Command(C, 0, new NoOp()))).contains("unknown");
    assertThat(world.apply(new Command(A, next, new NoOp()))).isNull();
    assertThat(world.apply(new Command(A, next, new NoOp()))).contains("not the next");
  }

  @Test
  void aVoidCommandDoesNotUseUpItsNumber() {
    long before = world.incarnation(A).lastCommand();

    world.isVoid(A, new TopicDeleted(new Uuid(9, 9)));

    assertThat(world.incarnation(A).lastCommand()).isEqualTo(before);
  }

  @Test
  void theImageKeepsHashesOfTheLastCommandsOnly() {
    for (int i = 0; i < 2 * Command.UNSETTLED_MAX; i++) {
      world.applied(A, new NoOp());
    }

    var own = world.incarnation(A);
    assertThat(own.recentCommandHashes()).hasSize(Command.UNSETTLED_MAX).doesNotHaveDuplicates();
    assertThat(own.recentCommandHashes().getLast())
        .isEqualTo(new Command(A, own.lastCommand(), new NoOp()).hash());
  }

  @Test
  void aRegistrationIsCommandZeroOfANewIncarnation() {
    world.applied(B, new IncarnationFenced(A));
    assertThat(world.apply(new Command(A, 0, registered(A, 1)))).contains("known already");
    assertThat(world.apply(new Command(C, 1, registered(C, 3)))).contains("command 0");
    assertThat(world.apply(new Command(B, 2, registered(C, 3)))).contains("command 0");
    world.applied(C, registered(C, 3));

    assertThat(world.incarnation(C).brokerEpoch())
        .isGreaterThan(world.incarnation(B).brokerEpoch());
  }

  @Test
  void aNewIncarnationOfANodeFencesTheOlderOneForEver() {
    world.applied(C, registered(C, 1, world.image()));

    assertThat(world.incarnation(A).state()).isEqualTo(IncarnationState.FENCED);
    assertThat(Objects.requireNonNull(world.image().broker(1)).writer()).isEqualTo(C);
    assertThat(partition(ORDERS_0).leader()).isEmpty();
    assertThat(partition(ORDERS_0).lastLeader()).contains(A);
    world.isVoid(A, new NoOp());
    world.isVoid(A, registered(A, 1));
    world.isVoid(B, new IncarnationFenced(A));
  }

  @Test
  void ofEarlierLivesOfANodeOnlyTheEndIsKeptOnceNothingOfThemIsListed() {
    world.applied(A, new WalPublished(A, -1, 3, List.of(wal(A, 0))));
    world.applied(B, new IncarnationFenced(A));
    world.applied(B, new IncarnationRecovered(A, 3, 9, List.of()));
    assertThat(world.image().recoveredEnd(A)).hasValue(9);
    world.applied(C, registered(C, 1));
    assertThat(world.incarnation(A).state()).as("its object is listed").isNotNull();

    world.applied(B, new ObjectsMerged(List.of(wal(A, 0).key()), List.of(), List.of()));
    world.applied(D, registered(D, 1, world.image()));

    MetadataImage image = world.image();
    assertThat(image.incarnations()).doesNotContainKey(A).containsKeys(B, C, D);
    assertThat(image.ended()).containsExactly(Map.entry(A, 9L));
    assertThat(image.recoveredEnd(A)).hasValue(9);
    assertThat(image.hasEnded(A)).isTrue();
    world.isVoid(A, registered(A, 1, image));
    world.isVoid(A, new NoOp());
    world.isVoid(B, new IncarnationFenced(A));
    world.isVoid(B, new IncarnationRecovered(A, 3, 20, List.of()));
  }

  @Test
  void manyRestartsOfABrokerCostTwentyFourBytesEach() {
    long few = restarts(100);
    long many = restarts(1100);

    assertThat(many - few).isEqualTo(24L * 1000);
  }

  /** Size of the snapshot after so many more lives of a node, each recovered. */
  private static long restarts(int lives) {
    ImageWorld restarted = new ImageWorld();
    restarted.applied(A, registered(A, 1));
    for (int life = 0; life < lives; life++) {
      WriterId writer = new WriterId(99, life);
      restarted.applied(writer, registered(writer, 2));
      restarted.applied(A, new IncarnationFenced(writer));
      restarted.applied(A, new IncarnationRecovered(writer, -1, 7, List.of()));
    }
    return SnapshotCodec.encode(restarted.image()).length;
  }

  @Test
  void aRegistrationIsVoidWhereAnotherIncarnationOfItsNodeCameFirst() {
    var overA = registered(C, 1, world.image());
    world.isVoid(C, registered(C, 1));
    world.isVoid(
        C, new IncarnationRegistered(C, 3, Optional.of(A), List.of(), Optional.empty(), "unknown"));
    world.applied(B, new IncarnationFenced(A));

    world.isVoid(C, overA);
    world.applied(C, registered(C, 1));
  }

  @Test
  void aRecoveredIncarnationHandsItsPartitionsToTheFirstLiveReplica() {
    world.isVoid(B, new IncarnationRecovered(A, -1, 5, List.of()));
    world.applied(B, new IncarnationFenced(A));
    world.isVoid(B, new IncarnationRecovered(A, 0, 5, List.of()));

    world.applied(B, new IncarnationRecovered(A, -1, 5, List.of(wal(A, 3))));

    assertThat(partition(ORDERS_0).leader()).contains(B);
    assertThat(partition(ORDERS_0).leaderEpoch()).isEqualTo(1);
    assertThat(world.image().objects()).containsKey(Keys.wal(A, 3));
    assertThat(world.incarnation(A).endSequence()).isEqualTo(5);
    assertThat(world.incarnation(A).recentCommandHashes()).isEmpty();
    world.isVoid(B, new IncarnationRecovered(A, -1, 5, List.of()));
  }

  @Test
  void partitionsWithoutALiveReplicaGoToALiveBroker() {
    world.applied(B, new TopicCreated(new Uuid(8, 8), "lonely", List.of(List.of(1)), Map.of()));
    world.applied(B, new IncarnationFenced(A));

    world.applied(B, new IncarnationRecovered(A, -1, -1, List.of()));

    assertThat(partition(new PartitionId(new Uuid(8, 8), 0)).leader()).contains(B);
  }

  @Test
  void onlyTheLeaderHandsOverAndOnlyAtItsEpochToALiveBroker() {
    world.isVoid(B, new LeaderHandedOver(ORDERS_0, 0, 2));
    world.isVoid(A, new LeaderHandedOver(ORDERS_0, 1, 2));
    world.isVoid(A, new LeaderHandedOver(ORDERS_0, 0, 3));
    world.isVoid(A, new LeaderHandedOver(ORDERS_0, 0, 1));
    world.applied(B, new TargetLeaderSet(ORDERS_0, 2));

    world.applied(A, new LeaderHandedOver(ORDERS_0, 0, 2));

    assertThat(partition(ORDERS_0).leader()).contains(B);
    assertThat(partition(ORDERS_0).leaderEpoch()).isEqualTo(1);
    assertThat(partition(ORDERS_0).targetLeader()).isEmpty();
    assertThat(partition(ORDERS_1).leader()).contains(A);
    world.isVoid(A, new LeaderHandedOver(ORDERS_0, 0, 2));
  }

  @Test
  void aTargetLeaderMovesNoLeadership() {
    world.applied(B, new TargetLeaderSet(ORDERS_0, 2));
    assertThat(partition(ORDERS_0).leader()).contains(A);
    assertThat(partition(ORDERS_0).targetLeader()).contains(2);

    world.applied(B, new TargetLeaderSet(ORDERS_0, 1));

    assertThat(partition(ORDERS_0).targetLeader()).isEmpty();
    assertThat(partition(ORDERS_0).leaderEpoch()).isZero();
  }

  @Test
  void aReplicaListChangesOnlyFromWhatItWasComputedFrom() {
    world.isVoid(B, new ReplicasChanged(ORDERS_0, List.of(2, 1), List.of(2)));
    world.isVoid(B, new ReplicasChanged(ORDERS_0, List.of(1, 2), List.of()));
    world.isVoid(B, new ReplicasChanged(ORDERS_0, List.of(1, 2), List.of(2, 2)));
    world.isVoid(B, new ReplicasChanged(new PartitionId(ORDERS, 9), List.of(1), List.of(2)));
    world.applied(B, new TargetLeaderSet(ORDERS_0, 2));

    world.applied(B, new ReplicasChanged(ORDERS_0, List.of(1, 2), List.of(1, 3)));

    assertThat(partition(ORDERS_0).replicas()).containsExactly(1, 3);
    assertThat(partition(ORDERS_0).leader()).contains(A);
    assertThat(partition(ORDERS_0).targetLeader()).isEmpty();
  }

  @Test
  void aLeaderOutsideItsReplicaListShallGoToTheFirstLiveOne() {
    world.applied(B, new ReplicasChanged(ORDERS_0, List.of(1, 2), List.of(3, 2)));
    assertThat(partition(ORDERS_0).leader()).contains(A);
    assertThat(partition(ORDERS_0).targetLeader()).contains(2);

    world.applied(B, new ReplicasChanged(ORDERS_0, List.of(3, 2), List.of(3)));

    assertThat(partition(ORDERS_0).targetLeader()).isEmpty();
    assertThat(partition(ORDERS_0).leaderEpoch()).isZero();
  }

  @Test
  void theReplicasBeforeAreKeptUntilALeaderOutsideTheNewOnesHasGone() {
    world.applied(B, new ReplicasChanged(ORDERS_0, List.of(1, 2), List.of(3, 2)));
    world.applied(B, new ReplicasChanged(ORDERS_0, List.of(3, 2), List.of(2, 3)));
    assertThat(partition(ORDERS_0).replicasBefore()).containsExactly(1, 2);
    world.applied(B, new ReplicasChanged(ORDERS_0, List.of(2, 3), List.of(2, 1)));
    assertThat(partition(ORDERS_0).replicasBefore()).as("nobody has to go").isEmpty();

    world.applied(B, new ReplicasChanged(ORDERS_0, List.of(2, 1), List.of(2, 3)));
    assertThat(partition(ORDERS_0).replicasBefore()).containsExactly(2, 1);
    world.applied(A, new LeaderHandedOver(ORDERS_0, 0, 2));
    assertThat(partition(ORDERS_0).replicasBefore()).isEmpty();
  }

  @Test
  void theTrimMovesOnlyFromWhereItIsAndOnlyByItsOwner() {
    world.applied(A, new WalPublished(A, -1, 17, List.of(wal(A, 0))));
    world.isVoid(A, new WalPublished(A, -1, 20, List.of(wal(A, 1))));
    world.isVoid(A, new WalPublished(A, 17, 16, List.of(wal(A, 1))));
    world.isVoid(B, new WalPublished(A, 17, 20, List.of(wal(A, 1))));

    world.applied(A, new WalPublished(A, 17, 20, List.of(wal(A, 1))));

    assertThat(world.incarnation(A).trim()).isEqualTo(20);
    assertThat(world.image().objects()).containsOnlyKeys(Keys.wal(A, 0), Keys.wal(A, 1));
  }

  @Test
  void aWalFileOnceUnlistedIsNeverListedAgain() {
    world.applied(A, new WalPublished(A, -1, 17, List.of(wal(A, 0), wal(A, 1))));
    world.applied(A, new ObjectsMerged(List.of(Keys.wal(A, 0)), List.of(data(A, 0)), List.of()));

    world.isVoid(A, new WalPublished(A, 17, 18, List.of(wal(A, 0))));
    world.isVoid(A, new WalPublished(A, 17, 18, List.of(wal(A, 1))));
    world.isVoid(A, new WalPublished(A, 17, 18, List.of(wal(B, 2))));
    world.isVoid(A, new WalPublished(A, 17, 18, List.of(wal(A, 3), wal(A, 2))));
  }

  @Test
  void aMergeNeedsItsInputsListedAndReplacesThemInOneStep() {
    world.applied(A, new WalPublished(A, -1, 17, List.of(wal(A, 0), wal(A, 1))));
    List<String> inputs = List.of(Keys.wal(A, 0), Keys.wal(A, 1));

    world.applied(A, new ObjectsMerged(inputs, List.of(data(A, 4)), List.of()));

    assertThat(world.image().objects()).containsOnlyKeys(Keys.data(A, 4));
    world.isVoid(A, new ObjectsMerged(inputs, List.of(data(A, 5)), List.of()));
  }

  @Test
  void aMergeListsNothingThatMayBeDeleted() {
    world.applied(A, new WalPublished(A, -1, 17, List.of(wal(A, 0))));
    List<String> input = List.of(Keys.wal(A, 0));
    world.applied(A, new UploadFloorMoved(A, 5));

    world.isVoid(A, new ObjectsMerged(input, List.of(data(A, 4)), List.of()));
    world.isVoid(A, new ObjectsMerged(input, List.of(data(B, 9)), List.of()));
    world.isVoid(A, new ObjectsMerged(input, List.of(wal(A, 9)), List.of()));
    world.isVoid(A, checkpoint(A, 4, 0, 10));
    world.applied(A, new ObjectsMerged(input, List.of(data(A, 5)), List.of()));
  }

  @Test
  void recordsAreDroppedOnlyBelowTheCheckpointOrOfDeletedTopics() {
    world.applied(A, new WalPublished(A, -1, 17, List.of(wal(A, 0))));
    var drop =
        new ObjectsMerged(List.of(Keys.wal(A, 0)), List.of(), List.of(new Dropped(ORDERS_0, 100)));
    world.isVoid(A, drop);
    world.applied(A, checkpoint(A, 0, 0, 99));
    world.isVoid(A, drop);
    world.applied(A, checkpoint(A, 1, 0, 100));

    world.applied(A, drop);

    world.applied(A, new WalPublished(A, 17, 18, List.of(wal(A, 1))));
    world.applied(A, new TopicDeleted(ORDERS));
    world.applied(
        A,
        new ObjectsMerged(
            List.of(Keys.wal(A, 1)), List.of(), List.of(new Dropped(ORDERS_0, 1000))));
  }

  @Test
  void aCheckpointNeverGoesBackAndComesFromTheLeader() {
    world.applied(A, checkpoint(A, 0, 0, 100));

    world.isVoid(A, checkpoint(A, 1, 0, 99));
    world.isVoid(A, checkpoint(A, 1, 1, 200));
    world.isVoid(B, checkpoint(B, 1, 0, 200));

    assertThat(partition(ORDERS_0).checkpoint().orElseThrow().end()).isEqualTo(100);
  }

  @Test
  void theLogStartNeverGoesBackAndIsMovedByTheLeader() {
    world.applied(A, new LogStartMoved(ORDERS_0, 0, 10));

    world.isVoid(A, new LogStartMoved(ORDERS_0, 0, 10));
    world.isVoid(A, new LogStartMoved(ORDERS_0, 0, 5));
    world.isVoid(A, new LogStartMoved(ORDERS_0, 1, 20));
    world.isVoid(B, new LogStartMoved(ORDERS_0, 0, 20));

    assertThat(partition(ORDERS_0).logStart()).isEqualTo(10);
  }

  @Test
  void aTopicMadeAgainIsAnotherTopic() {
    world.isVoid(A, new TopicCreated(new Uuid(9, 9), "orders", List.of(List.of(1)), Map.of()));
    world.applied(A, new TopicDeleted(ORDERS));
    assertThat(world.image().configs()).isEmpty();

    world.applied(A, new TopicCreated(new Uuid(9, 9), "orders", List.of(List.of(1)), Map.of()));

    world.isVoid(A, new TopicDeleted(ORDERS));
    world.isVoid(A, new LogStartMoved(ORDERS_0, 0, 10));
    world.isVoid(
        A, new ConfigsChanged(ConfigScope.TOPIC, ORDERS.toString(), Map.of("a", Optional.of("b"))));
    assertThat(world.image().configs(ConfigScope.TOPIC, new Uuid(9, 9).toString())).isEmpty();
  }

  @Test
  void partitionsAreAddedOnlyToTheNumberTheyWereCountedFrom() {
    world.isVoid(A, new PartitionsAdded(ORDERS, 1, List.of(List.of(2))));

    world.applied(A, new PartitionsAdded(ORDERS, 2, List.of(List.of(2), List.of(1))));

    assertThat(Objects.requireNonNull(world.image().topic(ORDERS)).partitions()).hasSize(4);
    assertThat(partition(new PartitionId(ORDERS, 2)).leader()).contains(B);
  }

  @Test
  void aConfigChangeIsVoidWhereWhatItWasComputedFromHasChanged() {
    String name = ORDERS.toString();
    var first =
        new ConfigsChanged(
            ConfigScope.TOPIC,
            name,
            Map.of("list", Optional.of("a,b")),
            Map.of("list", Optional.empty()));
    world.applied(A, first);
    world.isVoid(A, first);

    world.applied(
        A,
        new ConfigsChanged(
            ConfigScope.TOPIC,
            name,
            Map.of("list", Optional.empty(), "retention.ms", Optional.empty())));

    assertThat(world.image().configs()).isEmpty();
  }

  @Test
  void producerIdsAreTakenOnce() {
    world.applied(A, new ProducerIdsTaken(0, 1000));
    world.isVoid(B, new ProducerIdsTaken(0, 1000));
    world.isVoid(B, new ProducerIdsTaken(1000, -1));

    world.applied(B, new ProducerIdsTaken(1000, 1000));

    assertThat(world.image().nextProducerId()).isEqualTo(2000);
  }

  @Test
  void aClusterIsCreatedOnce() {
    world.applied(A, new ClusterCreated(CLUSTER, 1, Map.of("group.version", (short) 1)));
    world.isVoid(B, new ClusterCreated(ORDERS, 1, Map.of()));

    assertThat(world.image().clusterId()).contains(CLUSTER);
    assertThat(world.image().level(Feature.GROUP_VERSION)).isEqualTo((short) 1);
    assertThat(world.image().level(Feature.TRANSACTION_VERSION)).isEqualTo((short) 0);
  }

  @Test
  void featureLevelsChangeTogetherAndOnlyFromTheLevelsTheyWereJudgedBy() {
    world.applied(
        A, levels(Map.of("group.version", (short) 1, "transaction.version", (short) 2), Map.of()));

    world.isVoid(
        B, levels(Map.of("group.version", (short) 0), Map.of("transaction.version", (short) 1)));
    world.applied(
        B, levels(Map.of("group.version", (short) 0), Map.of("transaction.version", (short) 2)));

    assertThat(world.image().features()).containsOnly(Map.entry("transaction.version", (short) 2));
  }

  private static FeaturesChanged levels(Map<String, Short> levels, Map<String, Short> before) {
    return new FeaturesChanged(levels, before);
  }

  @Test
  void aNodeThatIsGoneIsUnregisteredUntilItRegistersAgain() {
    world.isVoid(A, new NodeUnregistered(2));
    world.isVoid(A, new NodeUnregistered(9));
    world.applied(A, new IncarnationFenced(B));
    world.applied(A, new NodeUnregistered(2));
    world.isVoid(A, new NodeUnregistered(2));

    assertThat(world.image().unregistered()).containsExactly(2);

    world.applied(C, registered(C, 2));

    assertThat(world.image().unregistered()).isEmpty();
  }

  @Test
  void configsThatDoNotChangeStayTheSameMap() {
    MetadataImage before = world.image();
    world.applied(A, new ConfigsChanged(ConfigScope.GROUP, "g", Map.of("a", Optional.of("1"))));
    MetadataImage between = world.image();
    world.applied(A, new ConfigsChanged(ConfigScope.GROUP, "h", Map.of("a", Optional.of("1"))));

    assertThat(world.image().configs(ConfigScope.GROUP, "g"))
        .isSameAs(between.configs(ConfigScope.GROUP, "g"));
    assertThat(world.image().configs(ConfigScope.BROKER, "1"))
        .isSameAs(before.configs(ConfigScope.BROKER, "1"));
  }

  @Test
  void quotasAreSetAndRemovedOneByOne() {
    world.applied(
        A, new QuotasChanged(ALICE, Map.of("a", Optional.of(1.5), "b", Optional.of(2.0))));
    world.applied(
        A, new QuotasChanged(ALICE, Map.of("a", Optional.empty(), "c", Optional.empty())));

    assertThat(world.image().quotas()).containsOnly(Map.entry(ALICE, TreePMap.singleton("b", 2.0)));

    world.applied(A, new QuotasChanged(ALICE, Map.of("b", Optional.empty())));

    assertThat(world.image().quotas()).isEmpty();
  }

  @Test
  void theUploadFloorOnlyRisesAndOnlyByItsOwner() {
    world.applied(A, new UploadFloorMoved(A, 5));

    world.isVoid(A, new UploadFloorMoved(A, 5));
    world.isVoid(B, new UploadFloorMoved(A, 7));
  }

  @Test
  void anEntryThatDoesNotFollowIsRefused() {
    Entry entry = new Entry(world.image().entryNumber() + 1, 1234, A, List.of());

    assertThatThrownBy(() -> ImageDraft.apply(world.image(), entry, 1))
        .hasMessageContaining("does not follow");
  }

  private Partition partition(PartitionId id) {
    return Objects.requireNonNull(world.image().partition(id));
  }
}
