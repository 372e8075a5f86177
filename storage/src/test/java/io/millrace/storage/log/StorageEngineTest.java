package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.objectstore.FolderClaim;
import io.millrace.runtime.Environment;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.ClusterCreated;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.metadata.StoredMetadataLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.junit.jupiter.api.Test;

final class StorageEngineTest {
  private final SimulatedBroker broker = new SimulatedBroker(1);

  @Test
  void whatIsAppendedIsReadBack() {
    broker.start();
    PartitionId id = broker.createTopic("t", 1);
    PartitionLog log = broker.open(id);

    Appended appended = broker.await(log.append(Batches.at(5, 6), -1, Origin.CLIENT));
    LogSlice slice = broker.await(log.read(1, 1000, true, Isolation.READ_UNCOMMITTED));

    assertThat(appended).isEqualTo(new Appended(0, 1, -1, 0, false));
    assertThat(slice.highWatermark()).isEqualTo(2);
    assertThat(slice.buffers())
        .containsExactly(Batches.assigned(Batches.at(5, 6), 0).putInt(12, 0));
    slice.release();
    broker.stop();
  }

  @Test
  void whatWasAcknowledgedIsThereAfterAPowerLoss() {
    broker.start();
    PartitionId id = broker.createTopic("t", 1);
    broker.await(broker.open(id).append(Batches.at(5, 6), -1, Origin.CLIENT));
    broker.losePower();

    broker.start();
    PartitionLog log = broker.open(id);

    assertThat(log.highWatermark()).isEqualTo(2);
    assertThat(log.leaderEpoch()).isOne();
    LogSlice slice = broker.await(log.read(0, 1000, true, Isolation.READ_UNCOMMITTED));
    assertThat(slice.buffers())
        .containsExactly(Batches.assigned(Batches.at(5, 6), 0).putInt(12, 0));
    slice.release();
    Appended next = broker.await(log.append(Batches.at(7), -1, Origin.CLIENT));
    assertThat(next.baseOffset()).isEqualTo(2);
    broker.stop();
  }

  @Test
  void whoeverWaitsForAnOpeningPartitionIsAnsweredInOrderBeforeItIsSeenOpen() {
    broker.start();
    PartitionId id = broker.createTopic("t", 1);
    broker.await(broker.open(id).append(Batches.at(5, 6), -1, Origin.CLIENT));
    broker.stop();
    StorageEngine engine = broker.start();
    List<Integer> order = new ArrayList<>();
    List<Boolean> seenOpen = new ArrayList<>();
    List<CompletableFuture<PartitionLog>> opens = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      int number = i;
      CompletableFuture<PartitionLog> open = engine.open(id);
      open.thenRun(() -> {
        order.add(number);
        seenOpen.add(engine.ifOpen(id) != null);
      });
      opens.add(open);
    }
    assertThat(order).as("nobody is answered before footers are read").isEmpty();

    opens.forEach(broker::await);

    assertThat(order).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assertThat(seenOpen).containsOnly(false);
    assertThat(engine.ifOpen(id)).isNotNull();
    broker.stop();
  }

  @Test
  void aPartitionOpensWhoseTopicGoesMeanwhile() {
    StorageEngine engine = broker.start();
    PartitionId id = broker.createTopic("t", 1);
    CompletableFuture<PartitionLog> open = engine.open(id);
    engine.metadata().submit(new TopicDeleted(id.topicId()));

    broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(1));

    assertThat(open).isDone();
    assertThat(engine.ifOpen(id)).isNull();
    assertThatThrownBy(() -> broker.await(engine.open(id)))
        .hasCauseInstanceOf(UnknownTopicIdException.class);
    broker.stop();
  }

  @Test
  void manyPartitionsOpenThoughFewAtATime() {
    StorageEngine engine = broker.start();
    PartitionId first = broker.createTopic("t", 40);
    List<CompletableFuture<PartitionLog>> opens = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      opens.add(engine.open(new PartitionId(first.topicId(), i)));
    }

    opens.forEach(broker::await);

    for (int i = 0; i < 40; i++) {
      assertThat(opens.get(i).join().id().partition()).isEqualTo(i);
    }
    broker.stop();
  }

  @Test
  void whatStopLeavesIsAllPublished() {
    broker.start();
    PartitionId id = broker.createTopic("t", 1);
    broker.await(broker.open(id).append(Batches.at(5, 6), -1, Origin.CLIENT));
    broker.stop();

    StorageEngine engine = broker.start();

    assertThat(engine.metadata().image().objects()).hasSize(1);
    assertThat(broker.open(id).highWatermark()).isEqualTo(2);
    broker.stop();
  }

  @Test
  void aStoppedEngineTakesNothing() {
    StorageEngine engine = broker.start();
    PartitionId id = broker.createTopic("t", 1);
    PartitionLog log = broker.open(id);
    broker.stop();

    assertThatThrownBy(() -> log.append(Batches.at(1), -1, Origin.CLIENT).join())
        .hasCauseInstanceOf(NotLeaderOrFollowerException.class);
    assertThatThrownBy(() -> engine.open(id).join())
        .hasCauseInstanceOf(NotLeaderOrFollowerException.class);
    assertThat(engine.failure()).isNotDone();
  }

  @Test
  void theFolderOfAClusterIsNotTakenByABrokerOnItsOwn() throws Exception {
    StorageEngine engine = broker.boot();
    FolderClaim claim = new FolderClaim(broker.machine().disk(), SimulatedBroker.DATA);
    assertThat(claim.share()).isTrue();

    assertThatThrownBy(() -> broker.await(engine.start()))
        .hasCauseInstanceOf(UnusableStoreException.class)
        .hasMessageContaining("is the store of a cluster");
    assertThat(claim.share()).as("it still is the cluster's").isTrue();
  }

  @Test
  void theFolderOfABrokerOnItsOwnIsNotTakenByACluster() throws Exception {
    broker.start();
    broker.stop();
    StorageEngine next = broker.boot();

    assertThat(new FolderClaim(broker.machine().disk(), SimulatedBroker.DATA).share()).isFalse();

    broker.await(next.start());
  }

  @Test
  void aDataFolderInUseIsRefusedByName() {
    broker.start();
    StorageEngine second = broker.engine(broker.environment(), broker.store());

    assertThatThrownBy(() -> broker.await(second.start()))
        .hasCauseInstanceOf(UnusableStoreException.class)
        .hasMessageContaining("/data is in use by another process");
    broker.await(second.stop());
    broker.stop();
  }

  @Test
  void aStoreOfANewerVersionIsRefusedByName() {
    StorageEngine engine = broker.boot();
    Environment environment = broker.environment();
    MetadataLog newer =
        broker.await(
            StoredMetadataLog.load(
                broker.store(),
                environment.threads().eventLoop("newer"),
                environment.clock(),
                environment.randomness(),
                new WriterId(1, 2),
                BoundarySpacing.NORMAL));
    broker.await(
        newer.submit(
            new IncarnationRegistered(
                newer.writer(), 1, Optional.empty(), List.of(), Optional.empty(), "newer")));
    broker.await(newer.submit(new ClusterCreated(Uuid.ONE_UUID, 99, Map.of())));
    newer.close();

    assertThatThrownBy(() -> broker.await(engine.start()))
        .hasCauseInstanceOf(UnusableStoreException.class)
        .hasMessageContaining("/data was written by a newer version");
    broker.await(engine.stop());
  }

  @Test
  void aTopicThatIsNotThereIsNotOpened() {
    StorageEngine engine = broker.start();

    assertThatThrownBy(() -> broker.await(engine.open(new PartitionId(Uuid.ONE_UUID, 0))))
        .hasRootCauseInstanceOf(UnknownTopicIdException.class);
    broker.stop();
  }
}
