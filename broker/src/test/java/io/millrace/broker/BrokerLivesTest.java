package io.millrace.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.api.ApiFeatures;
import io.millrace.broker.api.ApiTable;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.api.RequestCounters;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BrokerLivesTest {
  private static final PeerRequest REQUEST = new PeerRequest.Heartbeat(new WriterId(0, 0), 0, 0);

  private final RuntimeException fenced = new IncarnationEndedException("fenced");
  private final RuntimeException corrupt = new RuntimeException("corrupt");
  private final RuntimeException unusable = new RuntimeException("no store");
  private final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final List<ScriptedLife> lives = new ArrayList<>();
  private final List<String> events = new ArrayList<>();
  private @Nullable RuntimeException stillborn;
  private final BrokerLives broker =
      new BrokerLives(
          new SimulatedThreads(scheduler, "broker").eventLoop("lives"),
          new SimulatedClock(scheduler),
          this::bear,
          new BrokerLives.Doors() {
            @Override
            public void open(Dispatcher dispatcher) {
              events.add("open");
            }

            @Override
            public void close() {
              events.add("close");
            }
          },
          cause -> cause.equals(corrupt));

  /** A life that goes as the test says. */
  private final class ScriptedLife implements Life {
    private final int number = lives.size();
    private final CompletableFuture<Void> start = new CompletableFuture<>();
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private final CompletableFuture<Void> stop = new CompletableFuture<>();

    @Override
    public CompletableFuture<Void> start() {
      events.add("start " + number);
      return start;
    }

    @Override
    public CompletableFuture<Throwable> failure() {
      return failure;
    }

    @Override
    public CompletableFuture<Void> stop() {
      events.add("stop " + number);
      return stop;
    }

    @Override
    public Dispatcher dispatcher() {
      return new Dispatcher(new ApiTable(List.of(), () -> ApiFeatures.NONE), new RequestCounters());
    }

    @Override
    public PeerService peers() {
      return _ ->
          CompletableFuture.completedFuture(
              new PeerReply.Alive(new WriterId(9, number), number, 0, 0));
    }
  }

  private Life bear() {
    if (stillborn != null) {
      throw stillborn;
    }
    ScriptedLife life = new ScriptedLife();
    lives.add(life);
    return life;
  }

  private void pass(long ms) {
    scheduler.runFor(TimeUnit.MILLISECONDS.toNanos(ms));
    assertThat(scheduler.failures()).isEmpty();
  }

  private CompletableFuture<Void> startFirst() {
    CompletableFuture<Void> started = broker.start();
    pass(1);
    lives.getLast().start.complete(null);
    pass(1);
    return started;
  }

  private void fence(ScriptedLife life) {
    life.failure.complete(fenced);
    life.stop.complete(null);
    pass(1);
  }

  @Test
  void clientsAreLetInWhenTheFirstLifeHasStarted() {
    CompletableFuture<Void> started = broker.start();
    pass(1);
    assertThat(started).isNotDone();
    assertThat(events).containsExactly("start 0");

    lives.getFirst().start.complete(null);
    pass(1);

    assertThat(started).isCompleted();
    assertThat(events).containsExactly("start 0", "open");
  }

  @Test
  void aFirstLifeThatCannotStartIsTheLast() {
    CompletableFuture<Void> started = broker.start();
    pass(1);

    lives.getFirst().start.completeExceptionally(unusable);
    lives.getFirst().stop.complete(null);
    pass(600_000);

    assertThatThrownBy(started::join).hasRootCause(unusable);
    assertThat(lives).hasSize(1);
    assertThat(events).contains("stop 0").doesNotContain("open");
  }

  @Test
  void aFirstLifeThatIsFencedWhileItStartsIsFollowedByAnother() {
    CompletableFuture<Void> started = broker.start();
    pass(1);

    lives.getFirst().start.completeExceptionally(new CompletionException(fenced));
    lives.getFirst().stop.complete(null);
    pass(2_000);
    lives.getLast().start.complete(null);
    pass(1);

    assertThat(lives).hasSize(2);
    assertThat(started).isCompleted();
    assertThat(events).endsWith("start 1", "open");
  }

  @Test
  void theDoorsAreClosedWhenTheLifeGoesOnWithItsEnd() {
    startFirst();
    events.clear();

    lives.getFirst().failure.complete(fenced);

    assertThat(events).as("before the loop did anything").containsExactly("close");
  }

  @Test
  void theNextLifeBeginsAfterTheFormerIsGoneAndAHoldOff() {
    startFirst();
    events.clear();
    lives.getFirst().failure.complete(fenced);
    pass(60_000);
    assertThat(lives).as("the former still holds something").hasSize(1);

    lives.getFirst().stop.complete(null);
    pass(900);
    assertThat(lives).hasSize(1);
    pass(200);
    lives.getLast().start.complete(null);
    pass(1);

    assertThat(lives).hasSize(2);
    assertThat(events).endsWith("start 1", "open").contains("close", "stop 0");
    assertThat(broker.failure()).isNotDone();
  }

  @Test
  void aBrokerFencedAgainAndAgainWaitsLongerEachTimeUpToAMinute() {
    startFirst();
    for (long seconds : new long[] {1, 2, 4, 8, 16, 32, 60, 60}) {
      int before = lives.size();
      fence(lives.getLast());
      pass(1000 * seconds - 100);
      assertThat(lives).hasSize(before);
      pass(200);
      assertThat(lives).hasSize(before + 1);
      lives.getLast().start.complete(null);
      pass(1);
    }
  }

  @Test
  void aLongLifeMakesTheWaitShortAgain() {
    startFirst();
    fence(lives.getLast());
    pass(1_100);
    lives.getLast().start.complete(null);
    pass(600_001);

    fence(lives.getLast());
    pass(1_100);

    assertThat(lives).hasSize(3);
  }

  @Test
  void aLaterLifeThatCannotStartIsTriedAgain() {
    startFirst();
    fence(lives.getLast());
    pass(1_100);

    lives.getLast().start.completeExceptionally(new RuntimeException("node id 1 is in use"));
    lives.getLast().stop.complete(null);
    pass(2_100);

    assertThat(lives).hasSize(3);
    assertThat(broker.failure()).isNotDone();
  }

  @Test
  void aLaterLifeThatCannotBeMadeIsTriedAgain() {
    startFirst();
    stillborn = new IllegalStateException("no thread");
    fence(lives.getLast());
    pass(2_500);
    assertThat(lives).hasSize(1);

    stillborn = null;
    pass(2_000);
    lives.getLast().start.complete(null);
    pass(1);

    assertThat(lives).hasSize(2);
    assertThat(events).endsWith("start 1", "open");
  }

  @Test
  void aFirstLifeThatCannotBeMadeIsTheLast() {
    stillborn = new IllegalStateException("no thread");

    CompletableFuture<Void> started = broker.start();
    pass(600_000);

    assertThatThrownBy(started::join).hasRootCause(stillborn);
    assertThat(lives).isEmpty();
  }

  @Test
  void aCauseThatEndsTheProcessBeginsNoOtherLife() {
    startFirst();

    lives.getLast().failure.complete(corrupt);
    pass(600_000);

    assertThat(broker.failure()).isCompletedWithValue(corrupt);
    assertThat(lives).hasSize(1);
    assertThat(events).endsWith("close");
  }

  @Test
  void otherBrokersAreDeclinedWhileNoIncarnationRuns() {
    assertThat(broker.answer(REQUEST).join()).isInstanceOf(PeerReply.Declined.class);
    var unused = broker.start();
    pass(1);
    assertThat(broker.answer(REQUEST).join())
        .as("it may be registered already")
        .isInstanceOf(PeerReply.Alive.class);
    lives.getFirst().start.complete(null);
    pass(1);
    fence(lives.getFirst());
    assertThat(broker.answer(REQUEST).join()).isInstanceOf(PeerReply.Declined.class);

    pass(1_100);

    assertThat(broker.answer(REQUEST).join())
        .isEqualTo(new PeerReply.Alive(new WriterId(9, 1), 1, 0, 0));
  }

  @Test
  void stoppingEndsThePresentLifeAndBeginsNoOther() {
    startFirst();
    CompletableFuture<Void> stopped = broker.stop();
    pass(1);
    assertThat(stopped).isNotDone();

    lives.getFirst().stop.complete(null);
    pass(600_000);

    assertThat(stopped).isCompleted();
    assertThat(lives).hasSize(1);
    assertThat(broker.failure()).isNotDone();
  }

  @Test
  void stoppingDuringTheHoldOffIsDoneAtOnce() {
    startFirst();
    fence(lives.getFirst());

    CompletableFuture<Void> stopped = broker.stop();
    pass(600_000);

    assertThat(stopped).isCompleted();
    assertThat(lives).hasSize(1);
  }

  @Test
  void aFailureWhileClientsAreLetInLeavesTheDoorsClosed() {
    var unused = broker.start();
    pass(1);
    lives.getFirst().start.complete(null);
    lives.getFirst().failure.complete(fenced);

    pass(1);

    assertThat(events).endsWith("stop 0");
    assertThat(events.lastIndexOf("close")).isGreaterThan(events.lastIndexOf("open"));
  }
}
