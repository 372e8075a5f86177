package io.millrace.storage.cluster;

import static io.millrace.storage.cluster.ClusterWorld.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.cluster.ClusterWorld.Node;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LivenessTest {
  private final ClusterWorld world = new ClusterWorld(1);

  private void assertLive(Node... nodes) {
    assertThat(nodes).allSatisfy(n -> assertThat(state(n)).isEqualTo(IncarnationState.REGISTERED));
  }

  private void assertEnded(Node node) {
    assertThat(state(node)).isNotEqualTo(IncarnationState.REGISTERED);
  }

  private IncarnationState state(Node node) {
    return world.state(node);
  }

  private static Node[] all(List<Node> nodes) {
    return nodes.toArray(Node[]::new);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 15})
  void aClusterWithoutFaultsFencesNobody(int brokers) {
    List<Node> nodes = world.start(1, brokers);

    world.runFor(seconds(300));

    assertLive(all(nodes));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void anOutageOfTheStoreOfAMinuteForAllFencesNobody(int brokers) {
    List<Node> nodes = world.start(1, brokers);
    world.runFor(seconds(20));

    nodes.forEach(node -> node.way.cut = true);
    world.runFor(seconds(60));
    for (Node node : nodes) { // it returns to one after the other
      node.way.cut = false;
      world.runFor(seconds(1));
    }
    world.runFor(seconds(60));

    assertLive(all(nodes));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 15})
  void aStoppedBrokerIsFencedAndWhenItContinuesItFencesNobody(int brokers) {
    List<Node> nodes = world.start(1, brokers);
    world.runFor(seconds(20));
    Node zombie = nodes.getFirst();

    zombie.process.stop();
    world.runFor(seconds(60));
    assertEnded(zombie);
    zombie.process.resume();
    world.runFor(seconds(60));

    assertLive(all(nodes.subList(1, brokers)));
    assertThat(zombie.metadata.ended()).isDone();
  }

  @Test
  void aBrokerThatContinuesAfterASilenceOfItsOwnFencesNobodyThoughItIsStillRegistered() {
    List<Node> nodes = world.start(1, 2);
    world.runFor(seconds(20));

    nodes.forEach(node -> node.process.stop());
    world.runFor(seconds(60));
    nodes.get(0).process.resume();
    world.runFor(seconds(8)); // less than a session timeout of its own
    nodes.get(1).process.resume();
    world.runFor(seconds(60));

    assertLive(all(nodes));
  }

  @Test
  void aQuestionThatFailsIsAskedAgain() {
    List<Node> nodes = world.start(1, 3);
    world.runFor(seconds(20));

    world.questionsThatFail = 2; // one of each that may ask
    world.kill(nodes.get(2));
    world.runFor(seconds(60));

    assertThat(world.questionsThatFail).isZero();
    assertEnded(nodes.get(2));
  }

  @Test
  void aBrokenLinkBetweenTwoOfThreeFencesNobody() {
    List<Node> nodes = world.start(1, 3);
    world.breakLink(nodes.get(0), nodes.get(1));

    world.runFor(seconds(120));

    assertLive(all(nodes));
  }

  @Test
  void ofTwoThatDoNotHearEachOtherTheOneThatReachesTheStoreFences() {
    List<Node> nodes = world.start(1, 2);
    world.runFor(seconds(20));

    nodes.get(0).way.cut = true;
    world.breakLink(nodes.get(0), nodes.get(1));
    world.runFor(seconds(30));

    assertEnded(nodes.get(0));
    assertLive(nodes.get(1));
  }

  @Test
  void aFenceThatCouldNotBeCommittedDuringAnOutageIsNotCommittedAfterIt() {
    List<Node> nodes = world.start(1, 2);
    world.runFor(seconds(20));

    nodes.forEach(node -> node.way.cut = true);
    world.breakLink(nodes.get(0), nodes.get(1));
    world.runFor(seconds(30));
    world.broken.clear();
    world.runFor(seconds(30));
    nodes.forEach(node -> node.way.cut = false);
    world.runFor(seconds(60));

    assertLive(all(nodes));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 15})
  void aKilledBrokerIsFencedWithoutWaitingForItsSilence(int brokers) {
    List<Node> nodes = world.start(1, brokers);
    world.runFor(seconds(20));

    world.kill(nodes.getLast());
    world.questions = 0;
    world.runFor(seconds(3));

    assertEnded(nodes.getLast());
    assertLive(all(nodes.subList(0, brokers - 1)));
    assertThat(world.questions).as("one broker asks three").isLessThanOrEqualTo(3);
  }

  @Test
  void aBrokerThatRefusesOnceIsAskedAgain() {
    List<Node> nodes = world.start(1, 2);
    world.runFor(seconds(20));

    for (int i = 0; i < 10; i++) {
      world.refusals = 1;
      world.runFor(seconds(3));
      assertThat(world.refusals).isZero();
    }

    assertLive(all(nodes));
  }

  @Test
  void aBrokerThatAloneHasLostTheStoreIsFenced() {
    List<Node> nodes = world.start(1, 3);
    world.runFor(seconds(20));

    nodes.get(0).way.cut = true;
    world.runFor(seconds(20));

    assertEnded(nodes.get(0));
    assertLive(nodes.get(1), nodes.get(2));
  }

  @Test
  void oneThatIsCutOffFromTheOthersIsFencedAndFencesNobody() {
    List<Node> nodes = world.start(1, 3);
    world.runFor(seconds(20));

    world.breakLink(nodes.get(0), nodes.get(1));
    world.breakLink(nodes.get(0), nodes.get(2));
    world.runFor(seconds(60));

    assertEnded(nodes.get(0));
    assertLive(nodes.get(1), nodes.get(2));
  }

  @Test
  void theLastOfThreeFencesTheOthersAfterAWhile() {
    List<Node> nodes = world.start(1, 3);
    world.runFor(seconds(20));

    world.kill(nodes.get(0));
    world.kill(nodes.get(1));
    world.runFor(seconds(45));

    assertEnded(nodes.get(0));
    assertEnded(nodes.get(1));
    assertLive(nodes.get(2));
  }

  @Test
  void ofFifteenBrokersHalfMayDieAtOnce() {
    List<Node> nodes = world.start(1, 15);
    world.runFor(seconds(20));

    nodes.subList(0, 7).forEach(world::kill);
    world.runFor(seconds(30));

    nodes.subList(0, 7).forEach(this::assertEnded);
    assertLive(all(nodes.subList(7, 15)));
  }

  @Test
  void whatOneCommitsTheOthersReadBeforeTheNextPoll() {
    List<Node> nodes = world.start(1, 5);
    world.runFor(seconds(21));

    for (int i = 0; i < 8; i++) { // at any time between two polls
      String name = "news" + i;
      world.applied(
          nodes.get(3), new TopicCreated(new Uuid(7, i), name, List.of(List.of(1)), Map.of()));
      world.runFor(seconds(1) / 4);

      assertThat(nodes)
          .allSatisfy(n -> assertThat(n.metadata.image().topicIds()).containsKey(name));
    }
  }

  @Test
  void theStoreOfAnIdleBrokerStaysYoung() {
    Node node = world.start(1);

    for (int i = 0; i < 100; i++) {
      world.runFor(seconds(1));
      assertThat(node.observed.storeAgeNs()).isLessThan(2 * seconds(2));
    }
    assertThat(node.observed.answeringForNs()).isGreaterThan(seconds(99));
  }

  @Test
  void aLaterLifeAtItsAddressEndsABrokerLikeARefusal() {
    List<Node> nodes = world.start(1, 2);
    Node later = world.start(3);
    world.runFor(seconds(20));

    world.kill(nodes.get(1));
    world.moveTo(later, nodes.get(1).port);
    world.runFor(seconds(5));

    assertEnded(nodes.get(1));
    assertLive(nodes.get(0), later);
  }

  @Test
  void anAgreementThatComesAfterTheSuspectWasHeardAgainFencesNobody() {
    List<Node> nodes = world.start(1, 3);
    world.runFor(seconds(20));
    nodes.get(0).process.stop();
    nodes.get(2).process.stop(); // so nobody agrees
    world.runFor(seconds(12));

    nodes.get(0).process.resume();
    world.runFor(seconds(1) / 2);
    nodes.get(2).process.resume();
    world.runFor(seconds(60));

    assertLive(all(nodes));
  }
}
