package io.millrace.storage.cluster;

import static io.millrace.storage.cluster.ClusterWorld.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.cluster.ClusterWorld.Node;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.recovery.WalCorruptException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class TakeoverWatchTest {
  private final ClusterWorld world = new ClusterWorld(5);
  private final List<CompletableFuture<Void>> hanging = new ArrayList<>();

  private CompletableFuture<Void> hang() {
    CompletableFuture<Void> takeover = new CompletableFuture<>();
    hanging.add(takeover);
    return takeover;
  }

  private void fence(Node by, Node node) {
    world.kill(node);
    world.applied(by, new IncarnationFenced(node.writer()));
  }

  @Test
  void theLowestLiveBrokerTakesOverAtOnceAndTheOthersLeaveItToIt() {
    List<Node> nodes = world.start(1, 4);
    world.runFor(seconds(5));

    fence(nodes.get(3), nodes.get(0));
    world.runFor(seconds(30));

    assertThat(world.state(nodes.get(0))).isEqualTo(IncarnationState.RECOVERED);
    assertThat(nodes.get(1).takenOver).containsExactly(nodes.get(0).writer());
    assertThat(nodes.get(2).takenOver).isEmpty();
    assertThat(nodes.get(3).takenOver).isEmpty();
  }

  @Test
  void theNextBrokerTakesOverIfTheLowestDoesNotGetAhead() {
    List<Node> nodes = world.start(1, 4);
    nodes.get(1).takeover = _ -> hang();
    world.runFor(seconds(5));

    fence(nodes.get(3), nodes.get(0));
    world.runFor(seconds(5));

    assertThat(world.state(nodes.get(0))).isEqualTo(IncarnationState.RECOVERED);
    assertThat(nodes.get(1).takenOver).hasSize(1);
    assertThat(nodes.get(2).takenOver).hasSize(1);
    assertThat(nodes.get(3).takenOver).isEmpty();
  }

  @Test
  void whatFailsIsTriedAgainLessAndLessOften() {
    List<Node> nodes = world.start(1, 2);
    nodes.get(0).takeover = _ -> CompletableFuture.failedFuture(new IllegalStateException("no"));
    world.runFor(seconds(5));

    fence(nodes.get(0), nodes.get(1));
    world.runFor(seconds(10));
    int early = nodes.get(0).takenOver.size();
    world.runFor(seconds(600));

    assertThat(early).isBetween(3, 5);
    assertThat(nodes.get(0).takenOver.size()).isBetween(20, 30);
  }

  @Test
  void aDamagedLogIsLookedAtNowAndThen() {
    List<Node> nodes = world.start(1, 2);
    nodes.get(0).takeover =
        _ -> CompletableFuture.failedFuture(new WalCorruptException("entry 7 is damaged"));
    world.runFor(seconds(5));

    fence(nodes.get(0), nodes.get(1));
    world.runFor(seconds(300));

    assertThat(nodes.get(0).takenOver).hasSize(5);
  }

  @Test
  void oneTakeoverPerIncarnationAndAFewInAllRunAtATime() {
    Node survivor = world.start(1);
    List<Node> others = world.start(2, 8);
    survivor.takeover = _ -> hang();
    world.runFor(seconds(5));

    others.forEach(world::kill);
    others.forEach(other -> world.applied(survivor, new IncarnationFenced(other.writer())));
    world.runFor(seconds(60));
    assertThat(survivor.takenOver).hasSize(TakeoverWatch.RUNNING_MAX).doesNotHaveDuplicates();

    hanging.getFirst().completeExceptionally(new IllegalStateException("no"));
    world.runFor(seconds(60));
    assertThat(survivor.takenOver).hasSize(TakeoverWatch.RUNNING_MAX + 1);
    assertThat(Collections.frequency(survivor.takenOver, survivor.takenOver.getFirst()))
        .isEqualTo(1);
  }

  @Test
  void aBrokerThatIsFencedItselfTakesOverNobody() {
    List<Node> nodes = world.start(1, 3);
    nodes.get(0).takeover = _ -> CompletableFuture.failedFuture(new IllegalStateException("no"));
    nodes.get(1).takeover = _ -> hang();
    world.runFor(seconds(5));
    fence(nodes.get(1), nodes.get(2));
    world.runFor(seconds(20));

    world.applied(nodes.get(1), new IncarnationFenced(nodes.get(0).writer()));
    world.runFor(seconds(5));
    int tried = nodes.get(0).takenOver.size();
    world.runFor(seconds(120));

    assertThat(tried).isPositive();
    assertThat(nodes.get(0).takenOver).hasSize(tried);
  }
}
