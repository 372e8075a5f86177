package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.log.PartitionLog.ActiveProducer;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.ProducerStates.Verdict;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.TransactionCoordinatorFencedException;
import org.junit.jupiter.api.Test;

/** The rules by which a partition takes transactional batches and markers. */
final class TransactionalProducersTest {
  private static final VerificationGuard NONE = VerificationGuard.NONE;

  private final ProducerStates states = new ProducerStates(List.of(), 0);
  private long offset;

  @Test
  void noBatchOpensATransactionWithoutAGuard() {
    assertRefused(check(7, 0, 0, NONE), InvalidTxnStateException.class);
    assertRefused(check(7, 0, 0, new VerificationGuard()), InvalidTxnStateException.class);
  }

  @Test
  void theGuardAdmitsTheBatchThatOpensAndThoseBehindItNeedNone() {
    VerificationGuard guard = verify(7, 0, 0);
    assertAccepted(check(7, 0, 0, guard));
    append(7, 0, 0);

    assertAccepted(check(7, 0, 1, NONE));
    assertThat(states.beginVerification(7, (short) 0, 1, true, 0)).isSameAs(NONE);
  }

  @Test
  void guardsThatNobodyUsesAreForgottenWhenTheyGrowTooMany() {
    VerificationGuard oldest = verify(7, 0, 0);
    VerificationGuard second = verify(8, 0, 0);
    for (int i = 1; i < Verifications.PRODUCERS_MAX; i++) {
      verify(1000 + i, 0, 0);
    }

    assertRefused(check(7, 0, 0, oldest), InvalidTxnStateException.class);
    assertAccepted(check(8, 0, 0, second));
  }

  @Test
  void requestsOfOneProducerShareAGuard() {
    assertThat(verify(7, 0, 0)).isSameAs(verify(7, 0, 1)).isNotSameAs(verify(8, 0, 0));
  }

  @Test
  void aMarkerBetweenVerificationAndAppendMakesTheGuardVoid() {
    VerificationGuard guard = verify(7, 0, 0);
    end(abort(7, 0, 1, 1));

    assertRefused(check(7, 0, 0, guard), InvalidTxnStateException.class);
    assertRefused(check(7, 0, 0, NONE), InvalidTxnStateException.class);
    assertAccepted(check(7, 0, 0, verify(7, 0, 0)));
  }

  @Test
  void theMarkerOfTheTransactionBeforeLeavesTheGuardOfTheNextAsItIs() {
    append(7, 3, 0);
    VerificationGuard next = verify(7, 4, 0);
    end(commit(7, 4, 1, 2));

    assertAccepted(check(7, 4, 0, next));
  }

  @Test
  void aMarkerWithAHigherEpochMakesTheGuardVoid() {
    VerificationGuard guard = verify(7, 3, 0);
    end(abort(7, 4, 1, 2));

    assertRefused(check(7, 3, 0, guard), InvalidTxnStateException.class);
    assertRefused(check(7, 4, 0, guard), InvalidTxnStateException.class);
  }

  @Test
  void atTheLastEpochTheMarkerMakesTheGuardVoid() {
    VerificationGuard guard = verify(7, Short.MAX_VALUE, 0);
    end(abort(7, Short.MAX_VALUE, 1, 2));

    assertRefused(check(7, Short.MAX_VALUE, 0, guard), InvalidTxnStateException.class);
  }

  @Test
  void theGuardOfATransactionThatBeganAndEndedOpensNoOther() {
    VerificationGuard guard = verify(7, 0, 0);
    append(7, 0, 0);
    end(abort(7, 0, 1, 1));

    assertRefused(check(7, 0, 1, guard), InvalidTxnStateException.class);
  }

  @Test
  void aVerifiedProducerDoesNotBeginBehindWhatItSentFirst() {
    VerificationGuard guard = verifyOld(7, 0, 5);
    verifyOld(7, 0, 3);

    assertRefused(check(7, 0, 5, guard), OutOfOrderSequenceException.class);
    assertAccepted(check(7, 0, 3, guard));
  }

  @Test
  void aVerificationAtAHigherEpochBeginsAnew() {
    VerificationGuard guard = verifyOld(7, 0, 2);
    verifyOld(7, 1, 4);

    assertAccepted(check(7, 1, 4, guard));
    assertRefused(check(7, 1, 5, guard), OutOfOrderSequenceException.class);
  }

  @Test
  void aFormerEpochThatAsksDoesNotDisturbAnOpenTransaction() {
    append(7, 3, 0);
    verify(7, 2, 0);

    assertAccepted(check(7, 3, 1, NONE));
  }

  @Test
  void aProducerThatRaisesItsEpochBeginsWithSequenceZero() {
    assertRefused(check(7, 3, 1, verify(7, 3, 1)), OutOfOrderSequenceException.class);
    append(7, 3, 0);
    end(commit(7, 4, 1, 2));

    assertRefused(check(7, 4, 1, verify(7, 4, 1)), OutOfOrderSequenceException.class);
    assertAccepted(check(7, 4, 0, verify(7, 4, 0)));
  }

  @Test
  void aProducerThatDoesNotGoesOnCounting() {
    append(7, 3, 0);
    end(commit(7, 3, 1, 1));

    assertRefused(check(7, 3, 2, verifyOld(7, 3, 2)), OutOfOrderSequenceException.class);
    assertAccepted(check(7, 3, 1, verifyOld(7, 3, 1)));
  }

  @Test
  void aDuplicateOfAnEndedTransactionIsAnsweredAsSuch() {
    append(7, 3, 0);
    end(commit(7, 3, 1, 1));

    assertThat(check(7, 3, 0, NONE))
        .isEqualTo(new Verdict.Duplicate(new BatchSequence(0, 0, 0, 0, 1000)));
  }

  @Test
  void whatBelongsToNoTransactionIsRefusedWhileOneIsOpen() {
    append(7, 0, 0);

    assertRefused(
        states.check(Batches.of(7, 0, 1, 1), Origin.CLIENT, NONE), InvalidTxnStateException.class);
  }

  @Test
  void aLowerEpochIsRefusedThoughTheCoordinatorConfirmedIt() {
    append(7, 5, 0);
    end(commit(7, 6, 1, 2));

    assertRefused(check(7, 5, 1, verify(7, 5, 1)), InvalidProducerEpochException.class);
  }

  @Test
  void anOpenTransactionCountsAtItsOwnEpochOnly() {
    append(7, 5, 0);

    assertThat(states.hasOpenTransaction(7, (short) 5)).isTrue();
    assertThat(states.hasOpenTransaction(7, (short) 6)).isFalse();
    assertRefused(check(7, 6, 0, NONE), InvalidTxnStateException.class);
  }

  @Test
  void coordinatorsBeginEachBatchWithSequenceZeroAndAreCheckedAllTheSame() {
    ByteBuffer batch = Batches.transactional(7, 2, 0, 1);
    assertRefused(states.check(batch, Origin.COORDINATOR, NONE), InvalidTxnStateException.class);
    assertThat(states.transactionalRefusal(7, (short) 2, NONE))
        .isInstanceOf(InvalidTxnStateException.class);

    VerificationGuard guard = states.beginVerification(7, (short) 2, -1, true, 0);
    assertThat(states.transactionalRefusal(7, (short) 2, guard)).isNull();
    assertAccepted(states.check(batch, Origin.COORDINATOR, guard));
    states.accept(Batches.assigned(batch, offset++), 0);
    assertAccepted(states.check(batch, Origin.COORDINATOR, NONE));

    end(commit(7, 3, 1, 2));
    assertThat(states.transactionalRefusal(7, (short) 2, verify(7, 2, -1)))
        .isInstanceOf(InvalidProducerEpochException.class);
  }

  @Test
  void aMarkerOfALowerCoordinatorEpochIsRefused() {
    end(abort(7, 0, 4, 1));

    assertThat(states.refusal(abort(7, 0, 3, 1)))
        .isInstanceOf(TransactionCoordinatorFencedException.class);
    assertThat(states.refusal(abort(7, 0, 4, 1))).isNull();
    assertThat(states.refusal(abort(8, 0, 3, 1))).isNull();
  }

  @Test
  void aMarkerOfALowerEpochIsRefused() {
    append(7, 2, 0);

    for (int version = 0; version <= 2; version++) {
      assertThat(states.refusal(abort(7, 1, 1, version)))
          .isInstanceOf(InvalidProducerEpochException.class);
    }
  }

  @Test
  void aMarkerOfTheSameEpochEndsATransactionOfTheOlderVersionsOnly() {
    append(7, 2, 0);

    assertThat(states.refusal(abort(7, 2, 1, 1))).isNull();
    assertThat(states.refusal(abort(7, 2, 1, 2))).isInstanceOf(InvalidProducerEpochException.class);
    assertThat(states.refusal(abort(7, 3, 1, 2))).isNull();
  }

  @Test
  void aLateMarkerDoesNotEndTheTransactionBehindIt() {
    append(7, 2, 0);
    TransactionMarker marker = commit(7, 3, 1, 2);
    end(marker);
    assertThat(states.refusal(marker)).as("again, before the next begins").isNull();
    append(7, 3, 0);

    assertThat(states.refusal(marker)).isInstanceOf(InvalidProducerEpochException.class);
  }

  @Test
  void theLastEpochEndsByItself() {
    append(7, Short.MAX_VALUE, 0);

    assertThat(states.refusal(abort(7, Short.MAX_VALUE, 1, 2))).isNull();
  }

  @Test
  void aMarkerRaisesTheEpochAndEndsTheTransaction() {
    append(7, 2, 0);
    end(abort(7, 3, 9, 2));

    assertThat(states.active()).containsExactly(new ActiveProducer(7, (short) 3, -1, 500, 9, -1));
    assertThat(states.hasOpenTransaction(7, (short) 2)).isFalse();
  }

  @Test
  void anOpenTransactionKeepsItsProducerFromExpiry() {
    append(7, 2, 0);
    append(8, 2, 0);
    end(commit(8, 2, 1, 1));

    states.expire(Long.MAX_VALUE, 1000);

    assertThat(states.active()).extracting(ActiveProducer::producerId).containsExactly(7L);
    assertThat(states.transactions().firstUnstable()).isZero();
  }

  @Test
  void whatTheFormerLeaderKnewHolds() {
    ProducerStates reopened =
        new ProducerStates(
            List.of(
                new ProducerSnapshot(
                    7, (short) 2, List.of(new BatchSequence(0, 0, 5, 0, 1)), 1, 900, 3, 5, 100)),
            0);

    assertThat(reopened.hasOpenTransaction(7, (short) 2)).isTrue();
    assertThat(reopened.transactions().firstUnstable()).isEqualTo(5);
    assertThat(reopened.refusal(commit(7, 3, 2, 2)))
        .isInstanceOf(TransactionCoordinatorFencedException.class);
    assertThat(reopened.active()).containsExactly(new ActiveProducer(7, (short) 2, 0, 1, 3, 5));
  }

  private void append(long producerId, int epoch, int sequence) {
    ByteBuffer batch = Batches.transactional(producerId, epoch, sequence, 1);
    states.accept(Batches.assigned(batch, offset++), 0);
  }

  private void end(TransactionMarker marker) {
    assertThat(states.refusal(marker)).isNull();
    states.accept(marker, offset++, 500, 0);
  }

  private Verdict check(long producerId, int epoch, int sequence, VerificationGuard guard) {
    return states.check(
        Batches.transactional(producerId, epoch, sequence, 1), Origin.CLIENT, guard);
  }

  private VerificationGuard verify(long producerId, int epoch, int sequence) {
    return states.beginVerification(producerId, (short) epoch, sequence, true, 0);
  }

  /** By a producer that keeps its epoch from one transaction to the next. */
  private VerificationGuard verifyOld(long producerId, int epoch, int sequence) {
    return states.beginVerification(producerId, (short) epoch, sequence, false, 0);
  }

  private static TransactionMarker abort(long producerId, int epoch, int coordinator, int version) {
    return new TransactionMarker(producerId, (short) epoch, coordinator, false, version);
  }

  private static TransactionMarker commit(
      long producerId, int epoch, int coordinator, int version) {
    return new TransactionMarker(producerId, (short) epoch, coordinator, true, version);
  }

  private static void assertAccepted(Verdict verdict) {
    assertThat(verdict).isInstanceOf(Verdict.Accept.class);
  }

  private static void assertRefused(Verdict verdict, Class<?> reason) {
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Refused.class, r -> assertThat(r.reason()).isInstanceOf(reason));
  }
}
