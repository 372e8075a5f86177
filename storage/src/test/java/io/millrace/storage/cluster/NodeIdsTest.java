package io.millrace.storage.cluster;

import static io.millrace.storage.cluster.ClusterWorld.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.cluster.ClusterWorld.Node;
import io.millrace.storage.cluster.NodeIds.NodeIdInUseException;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.Registration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NodeIdsTest {
  private final ClusterWorld world = new ClusterWorld(3);

  private int claimed(Node process, OptionalInt nodeId) {
    return world.await(process.claim(nodeId)).incarnation().nodeId();
  }

  @Test
  void withoutAConfiguredIdTheLowestUnusedOneIsTaken() {
    world.start(2);

    assertThat(claimed(world.process(), OptionalInt.empty())).isEqualTo(1);
    assertThat(claimed(world.process(), OptionalInt.empty())).isEqualTo(3);
  }

  @Test
  void withoutAConfiguredIdTheLowestFencedOneComesFirst() {
    List<Node> nodes = world.start(4, 6);
    world.applied(nodes.get(0), new IncarnationFenced(nodes.get(2).writer()));
    world.applied(nodes.get(0), new IncarnationFenced(nodes.get(1).writer()));

    assertThat(claimed(world.process(), OptionalInt.empty())).isEqualTo(5);
    assertThat(claimed(world.process(), OptionalInt.empty())).isEqualTo(6);
    assertThat(claimed(world.process(), OptionalInt.empty())).isEqualTo(1);
  }

  @Test
  void manyThatClaimAtTheSameTimeGetOneIdEachAndFenceNobody() {
    List<Node> processes = IntStream.range(0, 15).mapToObj(_ -> world.process()).toList();

    List<CompletableFuture<Registration>> claims =
        processes.stream().map(p -> p.claim(OptionalInt.empty())).toList();
    List<Integer> ids = new ArrayList<>();
    claims.forEach(claim -> ids.add(world.await(claim).incarnation().nodeId()));

    assertThat(ids)
        .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 15).boxed().toList());
    assertThat(processes)
        .allSatisfy(p -> assertThat(world.state(p)).isEqualTo(IncarnationState.REGISTERED));
  }

  @Test
  void aConfiguredIdWhoseIncarnationAnswersIsRefusedByName() {
    Node alive = world.start(1);
    Node process = world.process();

    CompletableFuture<Registration> claim = process.claim(OptionalInt.of(1));

    assertThatThrownBy(() -> world.await(claim))
        .hasCauseInstanceOf(NodeIdInUseException.class)
        .hasMessageContaining("node id 1 is in use at host:" + alive.port);
    assertThat(world.state(alive)).isEqualTo(IncarnationState.REGISTERED);
  }

  @Test
  void anIncarnationThatMissesOneQuestionIsStillAlive() {
    Node alive = world.start(1);
    world.refusals = 1;
    CompletableFuture<Registration> claim = world.process().claim(OptionalInt.of(1));

    assertThatThrownBy(() -> world.await(claim)).hasCauseInstanceOf(NodeIdInUseException.class);
    assertThat(world.state(alive)).isEqualTo(IncarnationState.REGISTERED);
  }

  @Test
  void aConfiguredIdIsTakenFromAnIncarnationThatIsGone() {
    Node dead = world.start(1);
    world.kill(dead);

    assertThat(claimed(world.process(), OptionalInt.of(1))).isEqualTo(1);
    assertThat(world.state(dead)).isEqualTo(IncarnationState.FENCED);
  }

  @Test
  void aConfiguredIdIsTakenFromAnIncarnationThatIsSilent() {
    Node stopped = world.start(1);
    stopped.process.stop();

    assertThat(claimed(world.process(), OptionalInt.of(1))).isEqualTo(1);
    assertThat(world.state(stopped)).isEqualTo(IncarnationState.FENCED);
  }

  @Test
  void aConfiguredIdIsTakenFromAnIncarnationWhoseAddressALaterOneHas() {
    Node older = world.start(1);
    Node elsewhere = world.start(2);
    world.kill(older);
    world.moveTo(elsewhere, older.port);

    assertThat(claimed(world.process(), OptionalInt.of(1))).isEqualTo(1);
    assertThat(world.state(older)).isEqualTo(IncarnationState.FENCED);
  }

  @Test
  void ofTwoProcessesThatClaimOneIdAtOnceOneIsRefused() {
    Node first = world.process();
    Node second = world.process();
    CompletableFuture<Registration> one =
        first.claim(OptionalInt.of(1)).whenComplete((r, _) -> joined(first, r));
    CompletableFuture<Registration> two =
        second.claim(OptionalInt.of(1)).whenComplete((r, _) -> joined(second, r));

    world.runFor(seconds(30));

    assertThat(List.of(one.isCompletedExceptionally(), two.isCompletedExceptionally()))
        .containsExactlyInAnyOrder(true, false);
  }

  private static void joined(Node node, Registration registration) {
    if (registration != null) {
      node.joined();
    }
  }
}
