package io.millrace.storage.cluster;

import static io.millrace.storage.cluster.ClusterWorld.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.ImageWorld;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.Scribe.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PeerScribeTest {
  private static final WriterId A = new WriterId(0, 1);
  private static final WriterId B = new WriterId(0, 2);
  private static final WriterId C = new WriterId(0, 3);
  private static final List<Command> COMMANDS = List.of(new Command(C, 1, new NoOp()));

  private final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final ImageWorld world = new ImageWorld();
  private final List<String> asked = new ArrayList<>();
  private PeerOutcome outcome =
      answered(new PeerReply.Committed(List.of(Optional.empty()), List.of()));

  @BeforeEach
  void threeBrokers() {
    int node = 1;
    for (WriterId writer : List.of(A, B, C)) {
      Endpoint address = new Endpoint("INTERNAL", "host" + node, 9092, "PLAINTEXT");
      world.applied(
          writer,
          new IncarnationRegistered(
              writer, node++, Optional.empty(), List.of(address), Optional.empty(), "test"));
    }
  }

  private PeerScribe scribe(WriterId own) {
    PeerLink link =
        (address, _, _) -> {
          asked.add(address.host());
          return CompletableFuture.completedFuture(outcome);
        };
    return new PeerScribe(own, new SimulatedClock(scheduler), link, ClusterWorld.SETTINGS);
  }

  private static PeerOutcome answered(PeerReply reply) {
    return new PeerOutcome.Answered(reply);
  }

  @Test
  void theLowestLiveBrokerIsAsked() {
    Answer answer = scribe(C).commit(world.image(), COMMANDS).join();

    assertThat(answer).isInstanceOf(Answer.Committed.class);
    assertThat(asked).containsExactly("host1");
  }

  @Test
  void theScribeItselfHandsNothingOver() {
    assertThat(scribe(A).commit(world.image(), COMMANDS).join())
        .isEqualTo(new Answer.NotHandedOver());
    assertThat(asked).isEmpty();
  }

  @Test
  void aScribeThatRefusesOrDeclinesIsLeftAloneForAWhile() {
    for (PeerOutcome no :
        List.of(new PeerOutcome.Refused("gone"), answered(new PeerReply.Declined("ended")))) {
      outcome = no;
      PeerScribe scribe = scribe(C);
      asked.clear();

      for (int i = 0; i < 4; i++) {
        assertThat(scribe.commit(world.image(), COMMANDS).join())
            .isEqualTo(new Answer.NotHandedOver());
      }
      assertThat(asked).containsExactly("host1", "host2");
      scheduler.runFor(seconds(6));
      scribe.commit(world.image(), COMMANDS).join();
      assertThat(asked).containsExactly("host1", "host2", "host1");
    }
  }

  @Test
  void silenceIsUnknownAndAfterTheSecondTheNextCommandsAreNotHandedOver() {
    outcome = new PeerOutcome.Silent("no answer");
    PeerScribe scribe = scribe(C);

    assertThat(scribe.commit(world.image(), COMMANDS).join()).isEqualTo(new Answer.Silent());
    assertThat(scribe.commit(world.image(), COMMANDS).join()).isEqualTo(new Answer.Silent());
    assertThat(scribe.commit(world.image(), COMMANDS).join()).isEqualTo(new Answer.NotHandedOver());
    assertThat(asked).containsExactly("host1", "host2");
  }

  @Test
  void oneThatIsSeenToServeOthersAfterItWasSilentIsAskedAgain() {
    outcome = new PeerOutcome.Silent("no answer");
    PeerScribe scribe = scribe(C);
    scribe.commit(world.image(), COMMANDS).join();

    scribe.onServed(A, world.image().entryNumber());
    scribe.commit(world.image(), COMMANDS).join();
    scribe.onServed(A, world.image().entryNumber() + 1);
    scribe.commit(world.image(), COMMANDS).join();

    assertThat(asked).containsExactly("host1", "host2", "host1");
  }

  /** The way to it may be bad, or it slow for this broker only. */
  @Test
  void oneThatIsSilentAgainIsLeftAloneForTheWholeTimeThoughItServesOthers() {
    outcome = new PeerOutcome.Silent("lost");
    PeerScribe scribe = scribe(C);
    scribe.commit(world.image(), COMMANDS).join();
    scribe.onServed(A, world.image().entryNumber() + 1);
    scribe.commit(world.image(), COMMANDS).join();
    asked.clear();

    scribe.onServed(A, world.image().entryNumber() + 2);
    scribe.commit(world.image(), COMMANDS).join();

    assertThat(asked).containsExactly("host2");
  }

  @Test
  void theNextInOrderHandsNothingOverWhileTheFirstIsLeftAlone() {
    outcome = new PeerOutcome.Silent("no answer");
    PeerScribe scribe = scribe(B);

    assertThat(scribe.commit(world.image(), COMMANDS).join()).isEqualTo(new Answer.Silent());
    assertThat(scribe.commit(world.image(), COMMANDS).join()).isEqualTo(new Answer.NotHandedOver());
    assertThat(asked).containsExactly("host1");
  }

  @Test
  void anotherScribeIsAskedThoughTheFormerWasSilent() {
    outcome = new PeerOutcome.Silent("no answer");
    PeerScribe scribe = scribe(C);
    scribe.commit(world.image(), COMMANDS).join();

    world.applied(B, new IncarnationFenced(A));
    scribe.commit(world.image(), COMMANDS).join();

    assertThat(asked).containsExactly("host1", "host2");
  }

  @Test
  void anAnswerThatDoesNotFitTheCommandsSaysNothing() {
    outcome = answered(new PeerReply.Committed(List.of(), List.of()));
    assertThat(scribe(C).commit(world.image(), COMMANDS).join()).isEqualTo(new Answer.Silent());

    outcome = answered(new PeerReply.Opinion(true));
    assertThat(scribe(C).commit(world.image(), COMMANDS).join()).isEqualTo(new Answer.Silent());
  }
}
