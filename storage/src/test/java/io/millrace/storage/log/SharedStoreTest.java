package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.DistantStore;
import io.millrace.storage.cluster.PeerReply.Alive;
import io.millrace.storage.cluster.PeerRequest.Heartbeat;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future.State;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.junit.jupiter.api.Test;

final class SharedStoreTest {
  private static final WriterId NOBODY = new WriterId(0, 0);

  private final SimulatedCluster cluster = new SimulatedCluster();

  @Test
  void whatWasAcknowledgedIsReadFromTheNextLeaderAfterACrash() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    append(1, id, 5, 6);
    append(1, id, 7);

    cluster.crash(1);
    cluster.awaitLeader(2, id, 2);

    assertThat(read(2, id, 0)).isEqualTo(3);
    assertThat(append(2, id, 8).baseOffset()).isEqualTo(3);
    assertThat(open(2, id).leaderEpoch()).isOne();
  }

  @Test
  void aBrokerIsAliveForOthersFromTheMomentItsRegistrationStands() {
    cluster.start(2);
    long tip = cluster.engine(2).metadata().image().entryNumber();
    StorageEngine newcomer = cluster.boot(1, cluster.store);
    CompletableFuture<Void> started = newcomer.start();
    cluster.until(
        () -> cluster.store.head(Keys.metaEntry(tip + 1)).resultNow() instanceof HeadOutcome.Found);

    assertThat(started).isNotDone();
    assertThat(cluster.await(newcomer.peers().answer(new Heartbeat(NOBODY, tip + 1, 0))))
        .isInstanceOfSatisfying(Alive.class, alive -> assertThat(alive.nodeId()).isEqualTo(1));
    cluster.await(started);
  }

  @Test
  void aHandoverKeepsOffsetsDenseWhileClientsAppend() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    PartitionLog log = open(1, id);
    List<CompletableFuture<Appended>> appends = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      appends.add(log.append(Batches.at(i), -1, Origin.CLIENT));
    }

    cluster.commit(2, new TargetLeaderSet(id, 2));
    cluster.awaitLeader(2, id, 2);

    for (int i = 0; i < 50; i++) {
      assertThat(cluster.await(appends.get(i)).baseOffset()).isEqualTo(i);
    }
    assertThat(append(2, id, 99).baseOffset()).isEqualTo(50);
    assertThat(read(2, id, 0)).isEqualTo(51);
    cluster.awaitLeader(1, id, 2);
    assertThatThrownBy(() -> cluster.await(log.append(Batches.at(1), -1, Origin.CLIENT)))
        .hasCauseInstanceOf(NotLeaderOrFollowerException.class);
    assertThatThrownBy(() -> open(1, id)).hasCauseInstanceOf(NotLeaderOrFollowerException.class);
  }

  @Test
  void whatTheLogHadWhenItsIncarnationEndedIsNotAnsweredAsNotWritten() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    PartitionLog log = open(1, id);
    WriterId ended = cluster.engine(1).metadata().writer();
    var _ = cluster.engine(2).metadata().submit(new IncarnationFenced(ended));

    List<CompletableFuture<Appended>> appends = new ArrayList<>(List.of(append(log)));
    cluster.until(() -> {
      if (appends.getLast().state() == State.SUCCESS) {
        appends.add(append(log));
      }
      return appends.getLast().state() == State.FAILED;
    });

    assertThat(appends.getLast().exceptionNow()).isInstanceOf(NetworkException.class);
  }

  @Test
  void aBrokerThatStopsGracefullyLeavesNothingToRecover() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    append(1, id, 5, 6);

    cluster.stop(1);

    cluster.awaitLeader(2, id, 2);
    assertThat(read(2, id, 0)).isEqualTo(2);
    cluster.until(() -> cluster.engine(2).metadata().image().brokers().size() == 1);
    cluster.start(1);
    cluster.commit(1, new TargetLeaderSet(id, 1));
    cluster.awaitLeader(1, id, 1);
    assertThat(append(1, id, 9).baseOffset()).isEqualTo(2);
  }

  @Test
  void brokersThatStopTogetherEndAndLeaveEverythingToWhoComesNext() {
    cluster.start(1);
    cluster.start(2);
    cluster.start(3);
    PartitionId one = cluster.createTopic(1, "one", 1, 2, 3);
    PartitionId three = cluster.createTopic(1, "three", 3, 1, 2);
    cluster.awaitLeader(3, three, 3);
    append(1, one, 5, 6);
    cluster.awaitLeader(3, three, 3);
    append(3, three, 7);

    cluster.stop(1, 2, 3);

    cluster.start(2);
    cluster.awaitLeader(2, one, 2);
    cluster.awaitLeader(2, three, 2);
    assertThat(read(2, one, 0)).isEqualTo(2);
    assertThat(read(2, three, 0)).isOne();
  }

  @Test
  void whoeverWaitsForALogThatHasEndedIsToldSo() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    StoredPartitionLog log = (StoredPartitionLog) open(1, id);
    CompletableFuture<Appended> append = log.append(Batches.at(1), -1, Origin.CLIENT);
    cluster.commit(2, new IncarnationFenced(cluster.engine(1).metadata().writer()));
    cluster.until(() -> cluster.engine(1).failure().isDone());

    cluster.until(append::isDone);

    CompletableFuture<Void> settled = log.settled();
    assertThat(settled).isDone();
    assertThat(settled.isCompletedExceptionally()).isEqualTo(append.isCompletedExceptionally());
  }

  @Test
  void whatACrashedLeaderPublishedGetsACheckpointOfTheNextOne() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    append(1, id, 5, 6);
    cluster.crash(1);
    cluster.awaitLeader(2, id, 2);

    cluster.until(() -> cluster.checkpointEnd(2, id) == 2);
  }

  @Test
  void theSameSequenceAgainIsADuplicateThoughItsBatchIsBelowTheLogStart() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    Appended first = cluster.await(send(1, id, Batches.of(7, 0, 0, 3)));
    cluster.commit(1, new LogStartMoved(id, 0, 3));
    cluster.crash(1);
    cluster.awaitLeader(2, id, 2);
    cluster.until(() -> cluster.engine(2).metadata().image().objects().isEmpty());

    Appended again = cluster.await(send(2, id, Batches.of(7, 0, 0, 3)));

    assertThat(again.duplicate()).isTrue();
    assertThat(again.baseOffset()).isEqualTo(first.baseOffset());
    assertThat(cluster.await(send(2, id, Batches.of(7, 0, 3, 1))).baseOffset()).isEqualTo(3);
  }

  @Test
  void aStoreThatAnswersAfterAWhileIsStartedOn() {
    DistantStore way = way();
    way.cut = true;
    CompletableFuture<Void> started = cluster.boot(1, way).start();
    cluster.scheduler.runFor(TimeUnit.SECONDS.toNanos(10));
    assertThat(started).isNotDone();

    way.cut = false;
    cluster.await(started);

    cluster.createTopic(1, "t", 1);
  }

  @Test
  void aStoreThatNeverAnswersIsGivenUp() {
    DistantStore way = way();
    way.cut = true;

    CompletableFuture<Void> started = cluster.boot(1, way).start();

    assertThatThrownBy(() -> cluster.await(started))
        .hasCauseInstanceOf(UnusableStoreException.class)
        .hasMessageContaining("The store memory cannot be used: cut.");
  }

  private DistantStore way() {
    return new DistantStore(
        cluster.store, new SimulatedThreads(cluster.scheduler, "way").eventLoop("network"));
  }

  private static CompletableFuture<Appended> append(PartitionLog log) {
    return log.append(Batches.at(1), -1, Origin.CLIENT);
  }

  private CompletableFuture<Appended> send(int node, PartitionId id, ByteBuffer batch) {
    return open(node, id).append(batch, -1, Origin.CLIENT);
  }

  private PartitionLog open(int node, PartitionId id) {
    return cluster.await(cluster.engine(node).open(id));
  }

  private Appended append(int node, PartitionId id, long... timestamps) {
    return cluster.await(open(node, id).append(Batches.at(timestamps), -1, Origin.CLIENT));
  }

  /** The offset after the last batch that can be read from {@code offset} on. */
  private long read(int node, PartitionId id, long offset) {
    long next = offset;
    while (true) {
      LogSlice slice =
          cluster.await(open(node, id).read(next, 1000, true, Isolation.READ_UNCOMMITTED));
      if (slice.buffers().isEmpty()) {
        slice.release();
        return next;
      }
      for (ByteBuffer buffer : slice.buffers()) {
        next = Batches.end(buffer);
      }
      slice.release();
    }
  }
}
