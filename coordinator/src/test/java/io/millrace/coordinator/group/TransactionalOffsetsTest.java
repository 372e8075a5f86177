package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.offset.FetchedOffset;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.storage.log.TransactionMarker;
import io.millrace.storage.log.VerificationGuard;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class TransactionalOffsetsTest {
  private static final long PRODUCER = 42;

  private final GroupWorld world = new GroupWorld();
  private final Uuid topic = world.topic("t", 2);

  @Test
  void offsetsOfATransactionCountOnceItIsCommitted() {
    assertThat(commit(PRODUCER, 0, 7)).isEqualTo(Errors.NONE);
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Unstable.class);
    assertThat(world.offset(topic, 1)).isInstanceOf(FetchedOffset.Absent.class);

    complete(PRODUCER, true);

    assertThat(offset(0)).isEqualTo(7);
  }

  @Test
  void offsetsOfAnAbortedTransactionNeverCount() {
    world.commit("", -1, topic, 0, 3);
    commit(PRODUCER, 0, 7);

    complete(PRODUCER, false);

    assertThat(offset(0)).isEqualTo(3);
  }

  @Test
  void whoDoesNotAskForStableOffsetsGetsWhatIsCommitted() {
    world.commit("", -1, topic, 0, 3);
    commit(PRODUCER, 0, 7);

    GroupShard.Fetched fetched =
        world
            .<GroupShard.Fetched>call(
                (shard, out, reply) -> shard.fetch("g", null, -1, null, false, out, reply))
            .join();

    assertThat(fetched.offsets())
        .singleElement()
        .isInstanceOfSatisfying(
            FetchedOffset.Found.class, found -> assertThat(found.offset()).isEqualTo(3));
  }

  @Test
  void anOffsetIsUnstableUntilTheLastOfItsTransactionsIsOver() {
    commit(PRODUCER, 0, 7);
    commit(PRODUCER + 1, 0, 8);
    complete(PRODUCER, true);
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Unstable.class);

    complete(PRODUCER + 1, false);

    assertThat(offset(0)).isEqualTo(7);
  }

  @Test
  void aCommitLaterInTheLogIsNotOverwrittenByATransactionThatEndsAfterIt() {
    commit(PRODUCER, 0, 7);
    world.commit("", -1, topic, 0, 9);

    complete(PRODUCER, true);

    assertThat(offset(0)).isEqualTo(9);
    world.harness.reload();
    assertThat(offset(0)).isEqualTo(9);
  }

  @Test
  void aDeletedOffsetDoesNotComeBackWithTheTransactionThatHadItOpen() {
    commit(PRODUCER, 0, 7);
    commit(PRODUCER, 1, 8);
    delete(0);
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);

    complete(PRODUCER, true);

    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
    assertThat(offset(1)).isEqualTo(8);
    world.harness.reload();
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
    assertThat(offset(1)).isEqualTo(8);
  }

  @Test
  void whatIsOnItsWayToTheLogIsDeletedToo() {
    world.harness.log.hold();
    commitAsync(PRODUCER, new Committer("", null, -1, (short) 3), 0, 7);
    CompletableFuture<GroupShard.DeletedOffsets> deleted = deleteAsync(0);
    world.harness.log.letGo();
    world.harness.settle();
    assertThat(deleted.join().errors()).containsExactly(Errors.NONE);

    complete(PRODUCER, true);

    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
    world.harness.reload();
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
  }

  @Test
  void anOffsetDoesNotExpireWhileATransactionThatCommitsItIsOnItsWay() {
    world.commit("", -1, topic, 0, 3);
    world.harness.pass(GroupWorld.RETENTION_MS - 1_000);
    world.harness.log.hold();
    commitAsync(PRODUCER, new Committer("", null, -1, (short) 3), 0, 7);
    world.harness.pass(GroupWorld.RETENTION_CHECK_MS + 2_000);
    world.harness.log.letGo();
    world.harness.settle();

    complete(PRODUCER, true);

    assertThat(offset(0)).isEqualTo(7);
    world.harness.reload();
    assertThat(offset(0)).isEqualTo(7);
  }

  @Test
  void openAndCommittedTransactionsSurviveAReload() {
    commit(PRODUCER, 0, 7);
    complete(PRODUCER, true);
    commit(PRODUCER, 1, 8);
    world.harness.reload();

    assertThat(offset(0)).isEqualTo(7);
    assertThat(world.offset(topic, 1)).isInstanceOf(FetchedOffset.Unstable.class);
    complete(PRODUCER, false);
    world.harness.reload();
    assertThat(world.offset(topic, 1)).isInstanceOf(FetchedOffset.Absent.class);
  }

  @Test
  void aProducerTheLogRefusesIsToldSoAndTheShardGoesOn() {
    world.commit("", -1, topic, 0, 3);
    world.harness.log.refuseTransactional(new InvalidProducerEpochException("fenced"));

    assertThat(commit(PRODUCER, 0, 7)).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);

    assertThat(offset(0)).isEqualTo(3);
    assertThat(world.commit("", -1, topic, 0, 4)).isEqualTo(Errors.NONE);
  }

  @Test
  void aRefusalIsNoProofOfLeadership() {
    var joined = world.heartbeat(GroupWorld.join("a", "t"));
    world.harness.pass(40_000); // more than a third of the session
    world.harness.log.refuseTransactional(new InvalidProducerEpochException("fenced"));
    assertThat(commit(PRODUCER, 0, 7)).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    int asked = world.harness.log.proofsAsked();

    world.heartbeat(GroupWorld.alive("a", joined.memberEpoch()));

    assertThat(world.harness.log.proofsAsked()).isEqualTo(asked + 1);
  }

  @Test
  void noCommitOfATransactionIsAnsweredBeforeItIsDurable() {
    world.harness.log.hold();

    CompletableFuture<List<Errors>> answer =
        commitAsync(PRODUCER, new Committer("", null, -1, (short) 3), 0, 7);
    CompletableFuture<GroupShard.Fetched> fetch =
        world.call((shard, out, reply) -> shard.fetch("g", null, -1, null, true, out, reply));
    assertThat(answer).isNotDone();
    assertThat(fetch).isNotDone();
    world.harness.log.letGo();
    world.harness.settle();

    assertThat(answer.join()).containsExactly(Errors.NONE);
  }

  @Test
  void membersAreCheckedAndOutsidersOfOldClientsAreNot() {
    world.heartbeat(GroupWorld.join("a", "t"));

    assertThat(commit(PRODUCER, 0, 7)).isEqualTo(Errors.NONE);
    assertThat(
            commitAsync(PRODUCER, new Committer("a", null, 9, (short) 3), 0, 7).join().getFirst())
        .isEqualTo(Errors.STALE_MEMBER_EPOCH);
    assertThat(
            commitAsync(PRODUCER, new Committer("x", null, 1, (short) 3), 0, 7).join().getFirst())
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(
            commitAsync(PRODUCER, new Committer("a", null, 2, (short) 3), 0, 7).join().getFirst())
        .isEqualTo(Errors.NONE);
  }

  @Test
  void aGroupNobodyKnowsTakesNoGeneration() {
    assertThat(
            commitAsync(PRODUCER, new Committer("a", null, 2, (short) 3), 0, 7).join().getFirst())
        .isEqualTo(Errors.ILLEGAL_GENERATION);
  }

  private Errors commit(long producerId, int partition, long offset) {
    return commitAsync(producerId, new Committer("", null, -1, (short) 3), partition, offset)
        .join()
        .getFirst();
  }

  private CompletableFuture<List<Errors>> commitAsync(
      long producerId, Committer committer, int partition, long offset) {
    OffsetCommit commit = new OffsetCommit("t", topic, partition, offset, -1, "");
    return world.call((shard, out, reply) ->
        shard.commitInTransaction(
            "g",
            committer,
            producerId,
            (short) 0,
            VerificationGuard.NONE,
            List.of(commit),
            out,
            reply));
  }

  /** The marker comes into the log, and the leader tells the shard. */
  private void complete(long producerId, boolean committed) {
    world
        .harness
        .log
        .appendMarker(new TransactionMarker(producerId, (short) 0, 1, committed, 1))
        .join();
    world
        .<Boolean>call(
            (shard, out, reply) -> shard.completeTransaction(producerId, committed, out, reply))
        .join();
  }

  private void delete(int partition) {
    assertThat(deleteAsync(partition).join().errors()).containsExactly(Errors.NONE);
  }

  private CompletableFuture<GroupShard.DeletedOffsets> deleteAsync(int partition) {
    return world.call((shard, out, reply) ->
        shard.deleteOffsets("g", List.of(new GroupShard.TopicSlot("t", partition)), out, reply));
  }

  private long offset(int partition) {
    return ((FetchedOffset.Found) world.offset(topic, partition)).offset();
  }
}
