package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.EpochStart;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class PartitionSummaryTest {
  private static final PartitionId ID = new PartitionId(new Uuid(1, 2), 0);

  @Test
  void cutsBetweenObjectsDoNotShowInTheSum() {
    for (long seed = 0; seed < 100; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<ByteBuffer> batches = history(random, 60);
      PartitionSummary whole = PartitionSummary.empty(ID).fold(footer(batches), 50);

      PartitionSummary cut = PartitionSummary.empty(ID);
      int from = 0;
      while (from < batches.size()) {
        int to = Math.min(batches.size(), from + 1 + random.nextInt(8));
        cut = cut.fold(footer(batches.subList(from, to)), 50);
        if (random.nextInt(4) == 0) {
          cut = stored(cut, 50);
        }
        from = to;
      }

      assertThat(cut.checkpoint(50)).as("seed %d", seed).isEqualTo(whole.checkpoint(50));
    }
  }

  @Test
  void anObjectThatReachesAcrossACheckpointAddsOnlyWhatIsAbove() {
    for (long seed = 0; seed < 100; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<ByteBuffer> batches = history(random, 40);
      int checkpointed = 1 + random.nextInt(batches.size() - 2);
      int mergedFrom = random.nextInt(checkpointed);

      PartitionSummary folded =
          PartitionSummary.empty(ID)
              .fold(footer(batches.subList(0, checkpointed)), 50)
              .fold(footer(batches.subList(mergedFrom, batches.size())), 50);

      assertThat(folded.checkpoint(50))
          .as("seed %d", seed)
          .isEqualTo(PartitionSummary.empty(ID).fold(footer(batches), 50).checkpoint(50));
    }
  }

  @Test
  void idleAgesAddUpOverLeadersAndTimeWithoutALeaderCountsNothing() {
    PartitionSummary first =
        PartitionSummary.empty(ID)
            .fold(footer(List.of(SampleBatches.idempotent(0, 7, 0, 0, 1))), 1000);
    PartitionCheckpoint written = first.checkpoint(1400);

    PartitionSummary second = PartitionSummary.of(written, 9_000_000);

    assertThat(second.producers(9_000_100).getFirst().idleAgeMs()).isEqualTo(500);
    assertThat(second.withoutIdle(9_000_100, 500).producers(0)).hasSize(1);
    assertThat(second.withoutIdle(9_000_101, 500).producers(0)).isEmpty();
  }

  @Test
  void anOpenTransactionAgesAndKeepsItsProducer() {
    PartitionSummary first =
        PartitionSummary.empty(ID)
            .fold(footer(List.of(SampleBatches.transactional(0, 7, 0, 0, 1))), 1000);
    PartitionSummary second =
        PartitionSummary.of(first.checkpoint(1100), 50)
            .fold(footer(List.of(SampleBatches.transactional(1, 7, 0, 1, 1))), 70);

    assertThat(second.producers(80).getFirst().transactionFirstOffset()).isZero();
    assertThat(second.producers(80).getFirst().transactionAgeMs()).isEqualTo(130);
    assertThat(second.producers(80).getFirst().idleAgeMs()).isEqualTo(10);
    assertThat(second.withoutIdle(1_000_000, 1).producers(0)).hasSize(1);
  }

  @Test
  void epochsThatEndBelowTheLogStartGo() {
    PartitionSummary summary =
        PartitionSummary.empty(ID)
            .fold(
                footer(
                    List.of(
                        SampleBatches.plain(0, 1, 1),
                        SampleBatches.plain(1, 3, 1),
                        SampleBatches.plain(2, 8, 1))),
                0);

    assertThat(summary.withoutEpochsBelow(1).epochs())
        .containsExactly(new EpochStart(3, 1), new EpochStart(8, 2));
    assertThat(summary.withoutEpochsBelow(9).epochs()).containsExactly(new EpochStart(8, 2));
  }

  @Test
  void theBytesOfACheckpointStayAsTheyAre() throws IOException {
    byte[] golden = FooterTest.golden("checkpoint-1.bin");

    assertThat(FooterTest.bytes(CheckpointCodec.encode(sample()))).isEqualTo(golden);
    assertThat(CheckpointCodec.decode("k", ByteBuffer.wrap(golden))).isEqualTo(sample());
  }

  @Test
  void anyFlippedBitOrCutOfACheckpointIsFound() {
    byte[] good = FooterTest.bytes(CheckpointCodec.encode(sample()));
    for (int i = 0; i < good.length * 8; i++) {
      byte[] bad = good.clone();
      bad[i / 8] ^= (byte) (1 << (i % 8));
      assertThatThrownBy(() -> CheckpointCodec.decode("k", ByteBuffer.wrap(bad)))
          .isInstanceOf(ObjectCorruptException.class);
    }
    for (int length = 0; length < good.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(good, 0, length).slice();
      assertThatThrownBy(() -> CheckpointCodec.decode("k", cut))
          .isInstanceOf(ObjectCorruptException.class);
    }
  }

  private static List<PartitionCheckpoint> sample() {
    PartitionSummary summary =
        PartitionSummary.empty(ID).fold(footer(history(new SplittableRandom(1), 12)), 10);
    PartitionId other = new PartitionId(new Uuid(1, 2), 1);
    return List.of(summary.checkpoint(25), PartitionSummary.empty(other).checkpoint(0));
  }

  /**
   * What producers with and without transactions leave behind, sequences and markers as a leader
   * lets them pass.
   */
  private static List<ByteBuffer> history(SplittableRandom random, int batches) {
    List<ByteBuffer> all = new ArrayList<>();
    int[] sequence = new int[4];
    int[] epoch = new int[4];
    boolean[] open = new boolean[4];
    long offset = 0;
    for (int i = 0; i < batches; i++) {
      int p = random.nextInt(4);
      boolean transactional = p >= 2;
      ByteBuffer batch;
      if (open[p] && random.nextInt(3) == 0) {
        batch = SampleBatches.marker(offset, p, epoch[p], random.nextBoolean(), 1);
        open[p] = false;
      } else {
        if (!open[p] && random.nextInt(8) == 0) {
          epoch[p]++;
          sequence[p] = 0;
        }
        int count = 1 + random.nextInt(3);
        batch =
            transactional
                ? SampleBatches.transactional(offset, p, epoch[p], sequence[p], count)
                : SampleBatches.idempotent(offset, p, epoch[p], sequence[p], count);
        sequence[p] += count;
        open[p] = transactional;
      }
      all.add(batch);
      offset = SampleBatches.end(batch);
    }
    return all;
  }

  private static PartitionFooter footer(List<ByteBuffer> batches) {
    FooterBuilder builder = new FooterBuilder();
    long position = 0;
    for (ByteBuffer batch : batches) {
      builder.add(ID, batch, 0, position);
      position += batch.limit();
    }
    return builder.build().partitions().getFirst();
  }

  private static PartitionSummary stored(PartitionSummary summary, long nowMs) {
    ByteBuffer bytes = CheckpointCodec.encode(List.of(summary.checkpoint(nowMs)));
    return PartitionSummary.of(CheckpointCodec.decode("k", bytes).getFirst(), nowMs);
  }
}
