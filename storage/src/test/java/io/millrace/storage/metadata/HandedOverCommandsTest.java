package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.FeaturesChanged;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HandedOverCommandsTest {
  private static final FeaturesChanged FEATURE =
      new FeaturesChanged(Map.of("group.version", (short) 1), Map.of());

  private final MetadataWorld world = new MetadataWorld(1, 0, 512);
  private final HeldScribe held = new HeldScribe();
  private MetadataLog scribe = world.start(1);
  private MetadataLog asker = world.start(2);

  /** Takes commands once and answers when the test says so. */
  private static final class HeldScribe implements Scribe {
    final List<List<Command>> handed = new ArrayList<>();
    final List<CompletableFuture<Answer>> answers = new ArrayList<>();

    @Override
    public CompletableFuture<Answer> commit(MetadataImage image, List<Command> commands) {
      if (!handed.isEmpty()) {
        return CompletableFuture.completedFuture(new Answer.NotHandedOver());
      }
      handed.add(commands);
      answers.add(new CompletableFuture<>());
      return answers.getLast();
    }
  }

  @BeforeEach
  void theSecondBrokerAsksAScribe() {
    WriterId writer = world.newWriter();
    asker = world.await(world.load(writer, world.newLoop(), held));
    world.await(world.register(asker, 3));
    world.await(scribe.refresh());
  }

  @Test
  void theScribesAnswerSettlesCommandsWithoutARead() {
    CompletableFuture<Outcome> outcome = asker.submit(FEATURE);
    List<Command> handed = handedOver();

    held.answers.getFirst().complete(world.await(commitFor(handed)));

    assertThat(world.await(outcome)).isInstanceOf(Outcome.Applied.class);
    assertThat(asker.image()).isEqualTo(scribe.image());
  }

  @Test
  void aCommandWhoseAnswerIsLostIsSettledByWhatTheLogShows() {
    CompletableFuture<Outcome> outcome = asker.submit(FEATURE);
    world.await(commitFor(handedOver()));

    asker.onNudge(scribe.image().entryNumber());

    assertThat(world.await(outcome)).isInstanceOf(Outcome.Applied.class);
    assertThat(asker.image()).isEqualTo(scribe.image());
  }

  @Test
  void aSilentScribeThatGoesOnLaterChangesNothing() {
    Uuid id = new Uuid(5, 5);
    CompletableFuture<Outcome> created =
        asker.submit(new TopicCreated(id, "orders", List.of(List.of(1)), Map.of()));
    CompletableFuture<Outcome> set = asker.submit(FEATURE);
    List<Command> handed = handedOver();
    world.await(scribe.submit(Samples.orders(1)));

    held.answers.getFirst().complete(new Scribe.Answer.Silent());

    assertThat(world.await(created)).isInstanceOf(Outcome.Voided.class);
    assertThat(world.await(set)).isInstanceOf(Outcome.Applied.class);
    world.await(scribe.submit(new TopicDeleted(Samples.ORDERS)));
    long last = lastCommandOfAsker(world.await(scribe.refresh()));
    world.await(commitFor(handed));
    assertThat(lastCommandOfAsker(world.await(scribe.refresh()))).isEqualTo(last);
    assertThat(scribe.image().topic(id)).isNull();
  }

  @Test
  void ofACommandOfARecoveredIncarnationNobodySaysWhatBecameOfIt() {
    CompletableFuture<Outcome> outcome = asker.submit(FEATURE);
    world.await(commitFor(handedOver()));
    world.await(scribe.submit(new IncarnationFenced(asker.writer())));
    world.await(scribe.submit(new IncarnationRecovered(asker.writer(), -1, -1, List.of())));

    held.answers
        .getFirst()
        .complete(new Scribe.Answer.Committed(List.of(Optional.empty()), List.of()));

    assertThatThrownBy(() -> world.await(outcome))
        .hasCauseInstanceOf(IncarnationEndedException.class);
    assertThat(world.await(asker.ended())).isInstanceOf(IncarnationEndedException.class);
  }

  @Test
  void whatNobodyWasHandedIsGivenItsNumberAnew() {
    CompletableFuture<Outcome> outcome = asker.submit(FEATURE);
    handedOver();

    held.answers.getFirst().complete(new Scribe.Answer.NotHandedOver());

    assertThat(world.await(outcome)).isInstanceOf(Outcome.Applied.class);
    assertThat(lastCommandOfAsker(asker.image())).isEqualTo(1);
  }

  @Test
  void aCommandThatStandsAlreadyIsNotVoid() {
    asker.submit(FEATURE);
    List<Command> handed = handedOver();
    world.await(commitFor(handed));
    long entries = scribe.image().entryNumber();

    Scribe.Answer.Committed again = world.await(commitFor(handed));

    assertThat(again.voidReasons()).containsExactly(Optional.empty());
    assertThat(again.entries()).hasSize(1);
    assertThat(scribe.image().entryNumber()).isEqualTo(entries);
  }

  @Test
  void commandsOfSeveralBrokersShareAnEntryAndTheVoidAreTold() {
    asker.submit(FEATURE);
    List<Command> handed = handedOver();
    long entries = scribe.image().entryNumber();
    Command outOfTurn = new Command(asker.writer(), 9, FEATURE);

    CompletableFuture<Outcome> own = scribe.submit(Samples.orders(1));
    var committed = commitFor(handed);
    var refused = commitFor(List.of(outOfTurn));

    assertThat(world.await(committed).voidReasons().getFirst()).isEmpty();
    assertThat(world.await(refused).voidReasons().getFirst().orElseThrow())
        .contains("not the next");
    assertThat(world.await(own)).isInstanceOf(Outcome.Applied.class);
    assertThat(scribe.image().entryNumber() - entries).isLessThan(3);
  }

  @Test
  void aScribeTakesNeitherItsOwnCommandsNorMoreThanMayBeUnsettled() {
    Command own = new Command(scribe.writer(), 9, FEATURE);
    List<Command> many =
        Collections.nCopies(Command.UNSETTLED_MAX + 1, new Command(asker.writer(), 1, FEATURE));

    assertThatThrownBy(() -> world.await(commitFor(List.of(own))))
        .hasCauseInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> world.await(commitFor(many)))
        .hasCauseInstanceOf(RejectedExecutionException.class);
  }

  private CompletableFuture<Scribe.Answer.Committed> commitFor(List<Command> commands) {
    return scribe.commitFor(asker.image().entryNumber(), commands);
  }

  private List<Command> handedOver() {
    world.scheduler.runFor(1_000_000_000L);
    return held.handed.getFirst();
  }

  private long lastCommandOfAsker(MetadataImage image) {
    return Objects.requireNonNull(image.incarnations().get(asker.writer())).lastCommand();
  }
}
