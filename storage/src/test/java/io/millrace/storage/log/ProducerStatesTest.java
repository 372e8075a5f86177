package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.ProducerStates.Verdict;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.junit.jupiter.api.Test;

final class ProducerStatesTest {
  private final ProducerStates states = new ProducerStates(List.of(), 0);
  private long offset;

  @Test
  void aBatchThatFollowsIsAccepted() {
    append(7, 0, 0, 3);

    assertThat(check(7, 0, 3, 1)).isInstanceOf(Verdict.Accept.class);
  }

  @Test
  void anUnknownProducerMayBeginAnywhere() {
    assertThat(check(7, 0, 42, 1)).isInstanceOf(Verdict.Accept.class);
  }

  @Test
  void aProducerWhoseFirstBatchFoundNoRoomBeginsWithIt() {
    states.notTaken(Batches.of(7, 0, 0, 3), 0);

    assertRefused(check(7, 0, 3, 1), OutOfOrderSequenceException.class);
    assertThat(check(7, 0, 0, 3)).isInstanceOf(Verdict.Accept.class);
    append(7, 0, 0, 3);
    assertThat(check(7, 0, 3, 1)).isInstanceOf(Verdict.Accept.class);
  }

  @Test
  void aBatchThatLeavesAGapIsOutOfOrder() {
    append(7, 0, 0, 3);

    assertRefused(check(7, 0, 4, 1), OutOfOrderSequenceException.class);
  }

  @Test
  void eachOfTheLastFiveBatchesIsKnownAgain() {
    for (int i = 0; i < 6; i++) {
      append(7, 0, i * 2, 2);
    }

    for (int i = 1; i < 6; i++) {
      assertThat(check(7, 0, i * 2, 2))
          .isEqualTo(
              new Verdict.Duplicate(new BatchSequence(i * 2, i * 2 + 1, i * 2 + 1, 1, 1001)));
    }
    assertRefused(check(7, 0, 0, 2), OutOfOrderSequenceException.class);
  }

  @Test
  void aBatchThatOverlapsAnEarlierOneIsNoDuplicate() {
    append(7, 0, 0, 3);

    assertRefused(check(7, 0, 0, 2), OutOfOrderSequenceException.class);
    assertRefused(check(7, 0, 1, 2), OutOfOrderSequenceException.class);
  }

  @Test
  void aSmallerEpochIsRefused() {
    append(7, 3, 0, 1);

    assertRefused(check(7, 2, 0, 1), InvalidProducerEpochException.class);
  }

  @Test
  void aNewEpochBeginsAtSequenceZero() {
    append(7, 3, 0, 1);

    assertRefused(check(7, 4, 1, 1), OutOfOrderSequenceException.class);
    assertThat(check(7, 4, 0, 1)).isInstanceOf(Verdict.Accept.class);
  }

  @Test
  void batchesOfAFormerEpochAreForgotten() {
    append(7, 3, 0, 1);
    append(7, 4, 0, 1);

    assertThat(check(7, 4, 0, 1))
        .isEqualTo(new Verdict.Duplicate(new BatchSequence(0, 0, 1, 0, 1000)));
    assertRefused(check(7, 3, 0, 1), InvalidProducerEpochException.class);
  }

  @Test
  void sequencesWrapToZero() {
    append(7, 0, Integer.MAX_VALUE - 1, 2);
    assertThat(check(7, 0, 0, 1)).isInstanceOf(Verdict.Accept.class);
    append(7, 0, 0, 1);
    assertThat(check(7, 0, 1, 1)).isInstanceOf(Verdict.Accept.class);
  }

  @Test
  void aBatchMayWrapInsideItself() {
    append(7, 0, Integer.MAX_VALUE, 3);

    assertThat(check(7, 0, 2, 1)).isInstanceOf(Verdict.Accept.class);
    assertThat(check(7, 0, Integer.MAX_VALUE, 3)).isInstanceOf(Verdict.Duplicate.class);
  }

  @Test
  void batchesWithoutAProducerAreNotChecked() {
    append(-1, -1, -1, 2);

    assertThat(check(-1, -1, -1, 2)).isInstanceOf(Verdict.Accept.class);
    assertThat(states.size()).isZero();
  }

  @Test
  void aProducerIsForgottenAfterItsIdleAgeAddedUpOverLeaders() {
    ProducerStates reopened =
        new ProducerStates(
            List.of(
                new ProducerSnapshot(
                    7, (short) 0, List.of(new BatchSequence(0, 0, 5, 0, 1)), 1, 900, -1, -1, 0)),
            TimeUnit.SECONDS.toNanos(50));

    reopened.expire(TimeUnit.SECONDS.toNanos(50) + TimeUnit.MILLISECONDS.toNanos(99), 1000);
    assertThat(reopened.check(Batches.of(7, 0, 0, 1), Origin.CLIENT, VerificationGuard.NONE))
        .isInstanceOf(Verdict.Duplicate.class);

    reopened.expire(TimeUnit.SECONDS.toNanos(50) + TimeUnit.MILLISECONDS.toNanos(100), 1000);
    assertThat(reopened.size()).isZero();
  }

  private void append(long producerId, int epoch, int sequence, int records) {
    ByteBuffer batch = Batches.assigned(Batches.of(producerId, epoch, sequence, records), offset);
    states.accept(batch, 0);
    offset += records;
  }

  private Verdict check(long producerId, int epoch, int sequence, int records) {
    return states.check(
        Batches.of(producerId, epoch, sequence, records), Origin.CLIENT, VerificationGuard.NONE);
  }

  private static void assertRefused(Verdict verdict, Class<?> reason) {
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Refused.class, r -> assertThat(r.reason()).isInstanceOf(reason));
  }
}
