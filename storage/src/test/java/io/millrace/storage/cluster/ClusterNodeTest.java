package io.millrace.storage.cluster;

import static io.millrace.storage.cluster.ClusterWorld.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.cluster.ClusterWorld.Node;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class ClusterNodeTest {
  private static final Uuid TOPIC = new Uuid(7, 7);

  private final ClusterWorld world = new ClusterWorld(9);

  private PeerReply ask(Node from, Node to, PeerRequest request) {
    PeerOutcome outcome =
        world.await(from.link().call(to.own().endpoints().getLast(), request, seconds(1)));
    assertThat(outcome).isInstanceOf(PeerOutcome.Answered.class);
    return ((PeerOutcome.Answered) outcome).reply();
  }

  private void create(Node by, int partitions) {
    world.applied(
        by,
        new TopicCreated(TOPIC, "orders", Collections.nCopies(partitions, List.of(1)), Map.of()));
  }

  private static Partition partition(Node at, int number) {
    return Objects.requireNonNull(at.metadata.image().partition(new PartitionId(TOPIC, number)));
  }

  @Test
  void whatIsHandedToItIsCommittedAndTheEntriesComeBack() {
    List<Node> nodes = world.start(1, 2);
    world.runFor(seconds(5));
    Node issuer = nodes.get(1);
    long next = issuer.own().lastCommand() + 1;
    long entryNumber = issuer.metadata.image().entryNumber();

    PeerReply reply =
        ask(
            issuer,
            nodes.get(0),
            new PeerRequest.Commit(
                issuer.writer(),
                entryNumber,
                List.of(
                    new Command(issuer.writer(), next, new NoOp()),
                    new Command(issuer.writer(), next + 7, new NoOp()))));

    assertThat(reply).isInstanceOf(PeerReply.Committed.class);
    PeerReply.Committed committed = (PeerReply.Committed) reply;
    assertThat(committed.voidReasons()).hasSize(2);
    assertThat(committed.voidReasons().getFirst()).isEmpty();
    assertThat(committed.voidReasons().getLast().orElse("")).contains("not the next");
    assertThat(committed.entries()).hasSize(1);
  }

  @Test
  void commandsOfOthersThanTheSenderAreDeclined() {
    List<Node> nodes = world.start(1, 2);
    Node sender = nodes.get(1);
    Command foreign = new Command(nodes.get(0).writer(), 99, new NoOp());

    PeerReply reply =
        ask(sender, nodes.get(0), new PeerRequest.Commit(sender.writer(), 0, List.of(foreign)));

    assertThat(reply).isEqualTo(new PeerReply.Declined("commands of others than the sender"));
  }

  @Test
  void anIncarnationThatHasEndedDeclines() {
    List<Node> nodes = world.start(1, 2);
    world.runFor(seconds(5));
    world.applied(nodes.get(1), new IncarnationFenced(nodes.get(0).writer()));
    world.runFor(seconds(5));

    PeerReply reply =
        ask(nodes.get(1), nodes.get(0), new PeerRequest.Heartbeat(nodes.get(1).writer(), 0, 0));

    assertThat(reply).isEqualTo(new PeerReply.Declined("this incarnation has ended"));
  }

  @Test
  void aNewcomerGetsLeadersAsTargetsByAndByThroughTheScribeAlone() {
    Node scribe = world.start(1);
    create(scribe, 300);
    Node newcomer = world.start(2);
    long before = newcomer.own().lastCommand();
    int[] perEntry = new int[1];
    newcomer.metadata.addListener(
        (earlier, later) -> perEntry[0] = Math.max(perEntry[0], targets(later) - targets(earlier)));

    world.runFor(seconds(60));

    assertThat(targets(newcomer.metadata.image())).isBetween(135, 150);
    assertThat(perEntry[0]).isBetween(1, Command.UNSETTLED_MAX);
    assertThat(newcomer.own().lastCommand()).isEqualTo(before);
    assertThat(partition(newcomer, 0).leader()).contains(scribe.writer());
  }

  @Test
  void afterTheScribeTheNextBrokerBalances() {
    Node first = world.start(1);
    Node second = world.start(2);
    create(first, 4);
    world.kill(first);
    world.runFor(seconds(20));
    assertThat(partition(second, 0).leader()).contains(second.writer());

    Node again = world.start(1);
    world.runFor(seconds(20));

    for (int p = 0; p < 4; p++) {
      assertThat(partition(again, p).targetLeader().or(() -> Optional.of(-1)))
          .isEqualTo(
              partition(again, p).replicas().equals(List.of(1)) ? Optional.of(1) : Optional.of(-1));
    }
  }

  private static int targets(MetadataImage image) {
    var topic = image.topic(TOPIC);
    return topic == null
        ? 0
        : (int) topic.partitions().stream().filter(p -> p.targetLeader().isPresent()).count();
  }

  @Test
  void afterItsEndItActsNoMore() {
    List<Node> nodes = world.start(1, 2);
    world.runFor(seconds(5));
    nodes.get(0).leave();

    world.kill(nodes.get(1));
    world.runFor(seconds(60));

    assertThat(nodes.get(0).metadata.image().isRegistered(nodes.get(1).writer())).isTrue();
    assertThat(nodes.get(0).takenOver).isEmpty();
  }
}
