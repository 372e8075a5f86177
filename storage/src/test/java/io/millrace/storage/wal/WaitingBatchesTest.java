package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitingBatchesTest {
  private final WaitingBatches waiting = new WaitingBatches();

  private TestBatch add(int partition, long offset, boolean mayUseReserve) {
    TestBatch batch =
        new TestBatch(
            TestBatch.partition(partition),
            TestBatch.bytes(offset, 1, 50, offset),
            mayUseReserve,
            () -> {});
    waiting.add(batch);
    return batch;
  }

  private List<WalBatch> rest() {
    List<WalBatch> rest = new ArrayList<>();
    WalBatch next;
    while ((next = waiting.poll()) != null) {
      rest.add(next);
    }
    return rest;
  }

  @Test
  void whatFitsIsTakenFromTheFrontAndGrouped() {
    TestBatch a = add(2, 0, false);
    TestBatch b = add(1, 0, false);
    TestBatch c = add(2, 1, false);
    TestBatch d = add(1, 1, false);

    assertThat(waiting.take((n, _, _) -> n <= 3)).containsExactly(b, a, c);
    assertThat(rest()).containsExactly(d);
  }

  @Test
  void theReserveIsForThoseWhoMayUseItAndNobodyOvertakesInAPartition() {
    TestBatch client = add(1, 0, false);
    TestBatch marker = add(1, 1, true);
    TestBatch internal = add(5, 0, true);
    TestBatch next = add(5, 1, true);

    assertThat(waiting.takeReserved((n, _, _) -> n <= 2)).containsExactly(internal, next);
    assertThat(rest()).containsExactly(client, marker);
  }

  @Test
  void aReservedBatchThatDoesNotFitHoldsBackThoseBehindIt() {
    TestBatch large =
        new TestBatch(TestBatch.partition(5), TestBatch.bytes(0, 1, 500, 0), true, () -> {});
    waiting.add(large);
    TestBatch behind = add(5, 1, true);
    TestBatch other = add(6, 0, true);

    int most = large.array().length - 1;
    List<WalBatch> taken = waiting.takeReserved((_, bytes, _) -> bytes <= most);

    assertThat(taken).containsExactly(other);
    assertThat(rest()).containsExactly(large, behind);
  }
}
