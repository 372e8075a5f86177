package io.millrace.coordinator.group;

import static io.millrace.coordinator.group.GroupWorld.alive;
import static io.millrace.coordinator.group.GroupWorld.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.offset.FetchedOffset;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.storage.log.VerificationGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** A group's partition that takes no records for a while: nothing is lost, nobody loads anew. */
class FullLogTest {
  private static final Committer OUTSIDER = new Committer("", null, -1, GroupWorld.VERSION);
  private static final long PRODUCER = 42;

  private final GroupWorld world = new GroupWorld();
  private final Uuid topic = world.topic("t", 2);
  private final GroupShard shard = world.shard();

  @Test
  void whoWouldWriteIsToldToComeAgainAndWhoReadsIsAnswered() {
    world.commit("", -1, topic, 0, 3);
    world.harness.log.full(true);

    CompletableFuture<List<Errors>> refused = commitAsync(4);

    assertThat(refused.exceptionNow()).isInstanceOf(CoordinatorNotAvailableException.class);
    assertThat(askedOffset()).isEqualTo(3);
    room();
    assertThat(commitAsync(5).join()).containsExactly(Errors.NONE);
    assertThat(askedOffset()).isEqualTo(5);
    assertThat(world.shard()).isSameAs(shard);
  }

  @Test
  void nobodyExpiresWhoCouldNotBeHeard() {
    int epoch = world.heartbeat(join("a", "t")).memberEpoch();
    world.harness.log.full(true);
    for (long passed = 0; passed < 3 * GroupWorld.SESSION_MS; passed += 5_000) {
      world.harness.pass(5_000);
      CompletableFuture<ConsumerGroupHeartbeatResponseData> refused =
          world.call((group, out, reply) ->
              group.heartbeat(GroupWorld.CALLER, alive("a", epoch), out, reply));
      assertThat(refused.exceptionNow()).isInstanceOf(CoordinatorNotAvailableException.class);
    }
    room();

    assertThat(world.heartbeat(alive("a", epoch)).errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(world.shard()).isSameAs(shard);
  }

  @Test
  void whoStaysAwayAfterwardsExpires() {
    world.heartbeat(join("a", "t"));
    world.harness.log.full(true);
    world.harness.pass(GroupWorld.SESSION_MS);
    room();

    world.harness.pass(2 * GroupWorld.SESSION_MS);

    assertThat(world.describe().members()).isEmpty();
  }

  @Test
  void theEndOfATransactionIsHeardOfMeanwhile() {
    OffsetCommit commit = new OffsetCommit("t", topic, 0, 7, -1, "");
    world
        .<List<Errors>>call((group, out, reply) ->
            group.commitInTransaction(
                "g",
                OUTSIDER,
                PRODUCER,
                (short) 0,
                VerificationGuard.NONE,
                List.of(commit),
                out,
                reply))
        .join();
    world.harness.log.full(true);

    world
        .harness
        .<Boolean>ask((group, out, reply) -> group.completeTransaction(PRODUCER, true, out, reply))
        .join();

    assertThat(askedOffset()).isEqualTo(7);
  }

  @Test
  void whatWasToldWaitsForRoomAndIsThenDone() {
    world.commit("", -1, topic, 0, 3);
    world.deleteTopic("t");
    world.harness.log.full(true);
    world.harness.tell(GroupShard::topicDeleted);
    world.harness.pass(5_000);
    int before = world.harness.log.batches();

    room();

    assertThat(world.harness.log.batches()).isEqualTo(before + 1);
    assertThat(world.shard()).isSameAs(shard);
  }

  @Test
  void whoWaitsForWhatIsHeldBackIsToldToComeAgain() {
    CompletableFuture<Boolean> work = new CompletableFuture<>();
    List<Boolean> results = new ArrayList<>();
    CompletableFuture<Boolean> asked =
        world.call((_, out, reply) ->
            out.afterwards(
                () -> work,
                (result, next) -> {
                  results.add(result);
                  next.reply(reply, result);
                }));
    world.harness.log.full(true);
    work.complete(true);
    world.harness.pass(1_000);
    assertThat(asked).as("a short lack of room turns nobody away").isNotDone();

    world.harness.pass(2_000);
    assertThat(asked.exceptionNow()).isInstanceOf(CoordinatorNotAvailableException.class);
    room();

    assertThat(results).as("what it began goes on").containsExactly(true);
    assertThat(world.shard()).isSameAs(shard);
  }

  @Test
  void aTimerThatCameDueMeanwhileIsPutOffByTheTimeWithoutRoom() {
    List<Long> expired = new ArrayList<>();
    world.harness.tell((_, out) -> out.expiry("short", 600, _ -> expired.add(1L)));
    world.harness.log.full(true);
    world.harness.tell((_, _) -> {});
    world.harness.pass(650);
    world.harness.log.full(false);

    world.harness.pass(500);
    assertThat(expired).isEmpty();
    world.harness.pass(500);
    assertThat(expired).hasSize(1);
  }

  private void room() {
    world.harness.log.full(false);
    world.harness.pass(1_000);
  }

  private CompletableFuture<List<Errors>> commitAsync(long offset) {
    OffsetCommit commit = new OffsetCommit("t", topic, 0, offset, -1, "");
    return world.call(
        (group, out, reply) -> group.commit("g", OUTSIDER, List.of(commit), out, reply));
  }

  private long askedOffset() {
    return world
        .harness
        .<GroupShard.Fetched>ask(
            (group, out, reply) -> group.fetch("g", null, -1, null, true, out, reply))
        .join()
        .offsets()
        .stream()
        .map(FetchedOffset.Found.class::cast)
        .findFirst()
        .orElseThrow()
        .offset();
  }
}
