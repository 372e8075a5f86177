package io.millrace.coordinator.transaction;

import static io.millrace.coordinator.transaction.TransactionWorld.ABORT_CHECK_MS;
import static io.millrace.coordinator.transaction.TransactionWorld.ID;
import static io.millrace.coordinator.transaction.TransactionWorld.P0;
import static io.millrace.coordinator.transaction.TransactionWorld.P1;
import static io.millrace.coordinator.transaction.TransactionWorld.TIMEOUT_MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.transaction.TransactionShard.ProducerOf;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class TransactionShardTest {
  private final TransactionWorld world = new TransactionWorld();

  @Test
  void aNewProducerBeginsWithAnIdOfItsOwnAndEpochZero() {
    ProducerOf first = world.init();

    assertThat(first.producerEpoch()).isZero();
    assertThat(world.state()).isEqualTo(TransactionState.EMPTY);
    ProducerAnswer other = world.init("refunds", TIMEOUT_MS, -1, (short) -1).join();
    assertThat(other.producerId()).isNotEqualTo(first.producerId());
  }

  @Test
  void theNextProducerWithTheIdFencesTheFirst() {
    ProducerOf first = world.init();
    ProducerOf second = world.init();

    assertThat(second.producerId()).isEqualTo(first.producerId());
    assertThat(second.producerEpoch()).isEqualTo((short) 1);
    assertThat(world.add(first, P0)).isEqualTo(Errors.PRODUCER_FENCED);
    assertThat(world.add(second, P0)).isEqualTo(Errors.NONE);
  }

  @Test
  void aTransactionGoesFromOngoingOverPrepareToComplete() {
    ProducerOf producer = world.init();
    assertThat(world.add(producer, P0, P1)).isEqualTo(Errors.NONE);
    assertThat(world.state()).isEqualTo(TransactionState.ONGOING);
    world.holdMarkers();

    ProducerAnswer answer = world.end(producer, true);

    assertThat(answer.error()).isEqualTo(Errors.NONE);
    assertThat(world.state()).isEqualTo(TransactionState.PREPARE_COMMIT);
    assertThat(world.ended.getLast().partitions()).containsExactly(P0, P1);
    assertThat(world.ended.getLast().committed()).isTrue();
    world.markersArrive();
    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_COMMIT);
    assertThat(world.transaction().partitions()).isEmpty();
  }

  @Test
  void inVersionTwoEveryEndGivesANewEpochAndMarkersCarryIt() {
    ProducerOf producer = world.init();
    world.add(producer, P0);

    ProducerOf next = TransactionWorld.producer(world.end(producer, false));

    assertThat(next.producerEpoch()).isEqualTo((short) (producer.producerEpoch() + 1));
    assertThat(world.ended.getLast().producerEpoch()).isEqualTo(next.producerEpoch());
    assertThat(world.ended.getLast().transactionVersion()).isEqualTo((short) 2);
    assertThat(world.add(producer, P0)).isEqualTo(Errors.PRODUCER_FENCED);
    assertThat(world.add(next, P0)).isEqualTo(Errors.NONE);
  }

  @Test
  void inVersionOneTheEpochLasts() {
    world.transactionVersion = 1;
    ProducerOf producer = world.init();
    world.add(producer, P0);

    ProducerOf next = TransactionWorld.producer(world.end(producer, true));

    assertThat(next).isEqualTo(producer);
    assertThat(world.ended.getLast().producerEpoch()).isEqualTo(producer.producerEpoch());
    assertThat(world.end(producer, true).error()).isEqualTo(Errors.NONE);
    assertThat(world.end(producer, false).error()).isEqualTo(Errors.INVALID_TXN_STATE);
  }

  @Test
  void markersLeaveOnlyWhenTheOutcomeIsDurable() {
    ProducerOf producer = world.init();
    world.add(producer, P0);
    world.harness.log.hold();

    CompletableFuture<ProducerAnswer> answer = world.endLater(producer, true);

    assertThat(answer).isNotDone();
    assertThat(world.ended).isEmpty();
    world.harness.log.letGo();
    world.harness.settle();
    assertThat(answer.join().error()).isEqualTo(Errors.NONE);
    assertThat(world.ended).hasSize(1);
  }

  @Test
  void noAnswerLeavesBeforeItsRecordsAreDurable() {
    ProducerOf producer = world.init();
    world.harness.log.hold();
    CompletableFuture<Errors> added = world.addLater(producer, P0);
    CompletableFuture<Errors> again = world.addLater(producer, P0);

    assertThat(added).isNotDone();
    assertThat(again).isNotDone();
    world.harness.log.letGo();
    assertThat(added.join()).isEqualTo(Errors.NONE);
    assertThat(again.join()).isEqualTo(Errors.NONE);
  }

  @Test
  void anAnswerFromStateWaitsForAProofOfLeadership() {
    ProducerOf producer = world.init();
    world.harness.log.holdAll();
    CompletableFuture<ProducerAnswer> refused =
        world.endLater(new ProducerOf(ID, producer.producerId(), (short) 7), true);

    assertThat(refused).isNotDone();
    world.harness.log.letGo();
    assertThat(refused.join().error()).isEqualTo(Errors.PRODUCER_FENCED);
  }

  @Test
  void aHalfDoneTransactionIsEndedByTheNextCoordinator() {
    ProducerOf producer = world.init();
    world.add(producer, P0, P1);
    world.holdMarkers();
    world.end(producer, true);

    world.harness.reload();
    world.harness.settle();

    assertThat(world.ended).hasSize(2);
    assertThat(world.ended.getLast().partitions()).containsExactly(P0, P1);
    assertThat(world.ended.getLast().committed()).isTrue();
    world.markersArrive();
    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_COMMIT);
  }

  @Test
  void markersOfAnEarlierTransactionDoNotCompleteTheNext() {
    ProducerOf producer = world.init();
    world.add(producer, P0);
    world.holdMarkers();
    ProducerOf next = TransactionWorld.producer(world.end(producer, true));
    world.harness.reload();
    world.harness.settle();
    world.markers.getLast().complete(MarkerOutcome.WRITTEN);
    world.harness.settle();
    world.add(next, P0);
    world.end(next, false);
    assertThat(world.state()).isEqualTo(TransactionState.PREPARE_ABORT);

    world.markers.getFirst().complete(MarkerOutcome.WRITTEN);
    world.harness.settle();

    assertThat(world.state()).isEqualTo(TransactionState.PREPARE_ABORT);
  }

  @Test
  void aTransactionThatAnotherCoordinatorEndsIsLeftAlone() {
    ProducerOf producer = world.init();
    world.add(producer, P0);
    world.holdMarkers();
    world.end(producer, true);

    world.markersGivenUp();

    assertThat(world.state()).isEqualTo(TransactionState.PREPARE_COMMIT);
  }

  @Test
  void nothingBeginsWhileTheLastTransactionIsBeingEnded() {
    ProducerOf producer = world.init();
    world.add(producer, P0);
    world.holdMarkers();
    ProducerOf next = TransactionWorld.producer(world.end(producer, true));

    assertThat(world.add(next, P0)).isEqualTo(Errors.CONCURRENT_TRANSACTIONS);
    assertThat(world.verify(next, P0)).containsEntry(P0, Errors.CONCURRENT_TRANSACTIONS);
    assertThat(world.init(-1, (short) -1).join().error()).isEqualTo(Errors.CONCURRENT_TRANSACTIONS);
    assertThat(world.end(producer, true).error()).isEqualTo(Errors.CONCURRENT_TRANSACTIONS);
    assertThat(world.end(producer, false).error()).isEqualTo(Errors.INVALID_TXN_STATE);
    assertThat(world.end(next, true).error()).isEqualTo(Errors.CONCURRENT_TRANSACTIONS);
    assertThat(world.end(next, false).error())
        .as("given up before anything was sent")
        .isEqualTo(Errors.CONCURRENT_TRANSACTIONS);
  }

  @Test
  void aNewProducerAbortsWhatItsPredecessorHasOpen() {
    ProducerOf first = world.init();
    world.add(first, P0);

    assertThat(world.init(-1, (short) -1).join().error()).isEqualTo(Errors.CONCURRENT_TRANSACTIONS);

    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_ABORT);
    assertThat(world.ended.getLast().committed()).isFalse();
    assertThat(world.ended.getLast().producerEpoch()).isEqualTo((short) 2);
    assertThat(world.end(first, true).error()).isEqualTo(Errors.PRODUCER_FENCED);
    assertThat(world.init().producerEpoch()).isEqualTo((short) 3);
  }

  @Test
  void inVersionOneFencingTakesOneEpoch() {
    world.transactionVersion = 1;
    ProducerOf first = world.init();
    world.add(first, P0);

    world.init(-1, (short) -1).join();

    assertThat(world.ended.getLast().producerEpoch()).isEqualTo((short) 1);
    assertThat(world.init().producerEpoch()).isEqualTo((short) 2);
  }

  @Test
  void aFencedProducerThatWantsToGoOnDoesNotAbortItsSuccessorsTransaction() {
    ProducerOf first = world.init();
    ProducerOf second = world.init();
    world.add(second, P0);

    ProducerAnswer answer = world.init(first.producerId(), first.producerEpoch()).join();

    assertThat(answer.error()).isEqualTo(Errors.PRODUCER_FENCED);
    assertThat(world.state()).isEqualTo(TransactionState.ONGOING);
  }

  @Test
  void aRetriedEndIsAnsweredAsTheFirstWas() {
    ProducerOf producer = world.init();
    world.add(producer, P0);
    ProducerAnswer first = world.end(producer, true);

    assertThat(world.end(producer, true)).isEqualTo(first);
    assertThat(world.end(producer, false).error()).isEqualTo(Errors.INVALID_TXN_STATE);
    assertThat(world.ended).hasSize(1);
  }

  @Test
  void aRetriedEndIsKnownAfterATakeover() {
    ProducerOf producer = world.init();
    world.add(producer, P0);
    ProducerAnswer first = world.end(producer, false);
    world.harness.reload();

    assertThat(world.end(producer, false)).isEqualTo(first);
    assertThat(world.end(producer, true).error()).isEqualTo(Errors.INVALID_TXN_STATE);
  }

  @Test
  void inVersionTwoWhatHasNoTransactionCanBeAbortedButNotCommitted() {
    ProducerOf producer = world.init();
    assertThat(world.end(producer, true).error()).isEqualTo(Errors.INVALID_TXN_STATE);

    ProducerOf next = TransactionWorld.producer(world.end(producer, false));

    assertThat(next.producerEpoch()).isEqualTo((short) 1);
    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_ABORT);
    assertThat(world.end(next, true).error()).isEqualTo(Errors.INVALID_TXN_STATE);
    assertThat(TransactionWorld.producer(world.end(next, false)).producerEpoch())
        .isEqualTo((short) 2);
  }

  @Test
  void inVersionOneWhatHasNoTransactionCannotEnd() {
    world.transactionVersion = 1;
    ProducerOf producer = world.init();

    assertThat(world.end(producer, true).error()).isEqualTo(Errors.INVALID_TXN_STATE);
    assertThat(world.end(producer, false).error()).isEqualTo(Errors.INVALID_TXN_STATE);
  }

  @Test
  void anEndThatRaisedNoEpochIsNotTheRetryOfAProducerThatWasFenced() {
    ProducerOf fenced = world.init();
    ProducerOf successor = world.init(); // of an older client, which ends by version 1
    world.transactionVersion = 1;
    world.add(successor, P0);
    world.holdMarkers();
    world.end(successor, false);
    world.transactionVersion = 2;

    assertThat(world.end(fenced, false).error()).isEqualTo(Errors.PRODUCER_FENCED);
    world.markersArrive();
    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_ABORT);
    assertThat(world.end(fenced, false).error()).isEqualTo(Errors.PRODUCER_FENCED);
  }

  @Test
  void strangersAreToldThatTheirProducerIdIsNotKnown() {
    ProducerOf unknown = new ProducerOf(ID, 5, (short) 0);
    assertThat(world.add(unknown, P0)).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
    assertThat(world.end(unknown, true).error()).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);

    world.init();

    assertThat(world.add(unknown, P0)).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
    assertThat(world.end(unknown, true).error()).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
    assertThat(world.verify(unknown, P0)).containsEntry(P0, Errors.INVALID_PRODUCER_ID_MAPPING);
    assertThat(world.init(77, (short) 0).join().error()).isEqualTo(Errors.PRODUCER_FENCED);
  }

  @Test
  void verificationTellsEachPartitionApart() {
    ProducerOf producer = world.init();
    world.add(producer, P0);

    assertThat(world.verify(producer, P0, P1))
        .containsEntry(P0, Errors.NONE)
        .containsEntry(P1, Errors.TRANSACTION_ABORTABLE);
  }

  @Test
  void aTimeoutThatIsNoneOrAboveTheMaximumIsRefused() {
    assertThat(world.init(ID, 0, -1, (short) -1).join().error())
        .isEqualTo(Errors.INVALID_TRANSACTION_TIMEOUT);
    assertThat(world.init(ID, 900_001, -1, (short) -1).join().error())
        .isEqualTo(Errors.INVALID_TRANSACTION_TIMEOUT);
    assertThat(world.init(ID, 900_000, -1, (short) -1).join().error()).isEqualTo(Errors.NONE);
  }

  @Test
  void withoutANewProducerIdTheProducerAsksAgain() {
    world.noProducerIds = Errors.COORDINATOR_LOAD_IN_PROGRESS;

    assertThat(world.init(-1, (short) -1).join().error())
        .isEqualTo(Errors.COORDINATOR_LOAD_IN_PROGRESS);
    assertThat(world.transactions()).isEmpty();
  }

  @Test
  void aRetriedInitOfAProducerThatGoesOnGivesTheSameEpoch() {
    ProducerOf producer = world.init();
    ProducerAnswer bumped = world.init(producer.producerId(), producer.producerEpoch()).join();
    assertThat(bumped.producerEpoch()).isEqualTo((short) 1);

    assertThat(world.init(producer.producerId(), producer.producerEpoch()).join())
        .isEqualTo(bumped);
    world.init();
    assertThat(world.init(producer.producerId(), producer.producerEpoch()).join().error())
        .isEqualTo(Errors.PRODUCER_FENCED);
  }

  @Test
  void anOpenTransactionIsAbortedAfterItsTimeout() {
    ProducerOf producer = world.init();
    world.add(producer, P0);

    world.harness.pass(TIMEOUT_MS + 2 * ABORT_CHECK_MS);

    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_ABORT);
    assertThat(world.ended.getLast().producerEpoch()).isEqualTo((short) 2);
    assertThat(world.end(producer, true).error()).isEqualTo(Errors.PRODUCER_FENCED);
  }

  @Test
  void aTransactionsAgeIsAddedUpOverTakeovers() {
    ProducerOf producer = world.init();
    world.add(producer, P0);

    for (int i = 0; i < 4; i++) {
      world.harness.pass(TIMEOUT_MS / 4 + 2 * ABORT_CHECK_MS);
      world.harness.reload();
    }
    world.harness.pass(ABORT_CHECK_MS + 1_000);

    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_ABORT);
  }

  @Test
  void addingPartitionsDoesNotMakeATransactionYounger() {
    ProducerOf producer = world.init();
    for (int i = 0; i < 8; i++) {
      world.add(producer, new org.apache.kafka.common.TopicPartition("orders", i));
      world.harness.pass(TIMEOUT_MS / 8);
    }

    world.harness.pass(2 * ABORT_CHECK_MS);

    assertThat(world.state()).isEqualTo(TransactionState.COMPLETE_ABORT);
  }

  @Test
  void noIdIsForgottenRightAfterTheWallClockJumped() {
    world.init();
    world.harness.pass(1_000);
    world.harness.machine.clock().jump(2L * TransactionWorld.ID_EXPIRATION_MS);

    world.harness.pass(3_600_000 + 1_000);
    assertThat(world.transactions()).isNotEmpty();
    world.harness.pass(2 * 3_600_000);

    assertThat(world.transactions()).isEmpty();
  }

  @Test
  void anIdleIdIsForgottenAndBeginsAnewWithAnotherProducerId() {
    ProducerOf producer = world.init();

    world.harness.pass(TransactionWorld.ID_EXPIRATION_MS + 2 * 3_600_000L);

    assertThat(world.transactions()).isEmpty();
    assertThat(world.add(producer, P0)).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
    world.harness.reload();
    assertThat(world.transactions()).isEmpty();
    assertThat(world.init().producerId()).isNotEqualTo(producer.producerId());
  }

  @Test
  void usedUpEpochsGiveANewProducerIdAtTheEnd() {
    ProducerOf last = lastEpoch();
    world.add(last, P0);

    ProducerAnswer answer = world.end(last, true);

    assertThat(answer.producerId()).isNotEqualTo(last.producerId());
    assertThat(answer.producerEpoch()).isZero();
    assertThat(world.ended.getLast().producerId()).isEqualTo(last.producerId());
    assertThat(world.ended.getLast().producerEpoch()).isEqualTo(Short.MAX_VALUE);
    assertThat(world.end(last, true)).isEqualTo(answer);
    assertThat(world.add(TransactionWorld.producer(answer), P0)).isEqualTo(Errors.NONE);
  }

  @Test
  void theLastEpochCanStillBeFenced() {
    ProducerOf last = lastEpoch();
    world.add(last, P0);

    world.init(-1, (short) -1).join();

    assertThat(world.ended.getLast().producerEpoch()).isEqualTo(Short.MAX_VALUE);
    assertThat(world.init(last.producerId(), last.producerEpoch()).join().error())
        .isEqualTo(Errors.PRODUCER_FENCED);
    ProducerOf fresh = world.init();
    assertThat(fresh.producerId()).isNotEqualTo(last.producerId());
    assertThat(fresh.producerEpoch()).isZero();
  }

  @Test
  void whoLostTheLastEpochToATimeoutIsFencedAndNotGivenIt() {
    ProducerOf last = lastEpoch();
    world.add(last, P0);
    world.harness.pass(10 * TransactionWorld.TIMEOUT_MS);
    assertThat(world.describe(ID).producerEpoch()).isEqualTo(Short.MAX_VALUE);

    assertThat(world.end(last, false).error()).isEqualTo(Errors.PRODUCER_FENCED);
  }

  @Test
  void aProducerWithUsedUpEpochsGoesOnWithANewProducerId() {
    ProducerOf last = lastEpoch();

    ProducerAnswer answer = world.init(last.producerId(), last.producerEpoch()).join();

    assertThat(answer.producerId()).isNotEqualTo(last.producerId());
    assertThat(world.init(last.producerId(), last.producerEpoch()).join()).isEqualTo(answer);
  }

  /** A producer with the last epoch a producer may have. */
  private ProducerOf lastEpoch() {
    ProducerOf producer = world.init();
    while (producer.producerEpoch() < Short.MAX_VALUE - 1) {
      producer = TransactionWorld.producer(world.end(producer, false));
    }
    return producer;
  }

  @Test
  void describeTellsWhatIsOpen() {
    ProducerOf producer = world.init();
    world.add(producer, P0, P1);

    var described = world.describe(ID);

    assertThat(described.transactionState()).isEqualTo("Ongoing");
    assertThat(described.producerId()).isEqualTo(producer.producerId());
    assertThat(described.topics().find("orders").partitions()).containsExactly(0, 1);
    assertThat(world.describe("nobody").errorCode())
        .isEqualTo(Errors.TRANSACTIONAL_ID_NOT_FOUND.code());
  }

  @Test
  void replayingTheRecordsGivesTheSameStateAfterAnyPrefix() {
    Random random = new Random(7);
    for (int step = 0; step < 300; step++) {
      randomStep(random);
      var before = java.util.Map.copyOf(world.transactions());

      world.harness.reload();

      assertThat(world.transactions()).as("after step %d", step).isEqualTo(before);
      world.harness.settle();
    }
  }

  private void randomStep(Random random) {
    world.transactionVersion = random.nextInt(3);
    if (random.nextBoolean()) {
      world.holdMarkers();
    } else {
      world.markersArrive();
    }
    Transaction present = world.transactions().get(ID);
    ProducerOf producer =
        present == null
            ? new ProducerOf(ID, 1, (short) 0)
            : new ProducerOf(
                ID, present.producerId(), (short) (present.producerEpoch() - random.nextInt(2)));
    switch (random.nextInt(5)) {
      case 0 -> world.init(-1, (short) -1).join();
      case 1 -> world.add(producer, P0, P1);
      case 2 -> world.end(producer, random.nextBoolean());
      case 3 -> world.harness.pass(random.nextInt(TIMEOUT_MS));
      default -> world.add(producer, P1);
    }
  }
}
