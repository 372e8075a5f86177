package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.object.Footer.AbortedTransaction;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a partition should hold, by the plainest means: every batch with the transaction it belongs
 * to, and every transaction with the marker that ended it. Compares what readers of committed
 * records get.
 */
final class TransactionModel {
  private final TreeMap<Long, Batch> batches = new TreeMap<>();
  private final List<Transaction> transactions = new ArrayList<>();
  private long end;

  /** One producer's transaction in this partition. */
  static final class Transaction {
    final long producerId;
    final long firstOffset;
    long marker = -1;
    boolean aborted;

    Transaction(long producerId, long firstOffset) {
      this.producerId = producerId;
      this.firstOffset = firstOffset;
    }
  }

  private record Batch(long endOffset, boolean marker, @Nullable Transaction transaction) {}

  void plain(long baseOffset, long endOffset) {
    add(baseOffset, new Batch(endOffset, false, null));
  }

  void data(Transaction transaction, long baseOffset, long endOffset) {
    add(baseOffset, new Batch(endOffset, false, transaction));
  }

  Transaction begin(long producerId, long firstOffset) {
    Transaction begun = new Transaction(producerId, firstOffset);
    transactions.add(begun);
    return begun;
  }

  /**
   * @param ended null if the producer had nothing in the partition
   */
  void marker(@Nullable Transaction ended, boolean aborted, long offset) {
    if (ended != null) {
      ended.marker = offset;
      ended.aborted = aborted;
    }
    add(offset, new Batch(offset + 1, true, null));
  }

  private void add(long baseOffset, Batch batch) {
    assertThat(baseOffset).isEqualTo(end);
    batches.put(baseOffset, batch);
    end = batch.endOffset();
  }

  long end() {
    return end;
  }

  long lastStableOffset(long logStart) {
    long oldest =
        transactions.stream()
            .filter(t -> t.marker < 0)
            .mapToLong(t -> t.firstOffset)
            .min()
            .orElse(end);
    return Math.max(logStart, oldest);
  }

  /**
   * Compares what a client takes from a slice of committed records with what it should.
   *
   * @return one past the last offset in the slice, {@code from} if it is empty
   */
  long check(LogSlice slice, long from) {
    List<Long> delivered = new ArrayList<>();
    List<Long> expected = new ArrayList<>();
    PriorityQueue<AbortedTransaction> ahead =
        new PriorityQueue<>(Comparator.comparingLong(AbortedTransaction::firstOffset));
    ahead.addAll(slice.abortedTransactions());
    Set<Long> aborting = new HashSet<>();
    long next = batchAt(from);
    for (ByteBuffer buffer : slice.buffers()) {
      for (int at = 0; at < buffer.limit(); at += BatchHeader.sizeBytes(buffer, at)) {
        long base = BatchHeader.baseOffset(buffer, at);
        assertThat(base).as("no batch is missing").isEqualTo(next);
        next = BatchHeader.lastOffset(buffer, at) + 1;
        Batch batch = Objects.requireNonNull(batches.get(base), "no such batch");
        while (!ahead.isEmpty() && ahead.peek().firstOffset() < next) {
          aborting.add(ahead.remove().producerId());
        }
        long producer = BatchHeader.producerId(buffer, at);
        boolean control = BatchHeader.control(buffer, at);
        assertThat(control).isEqualTo(batch.marker());
        if (control) {
          aborting.remove(producer);
        } else if (!BatchHeader.transactional(buffer, at) || !aborting.contains(producer)) {
          delivered.add(base);
        }
        if (!control && (batch.transaction() == null || !batch.transaction().aborted)) {
          expected.add(base);
        }
      }
    }
    assertThat(delivered).as("from %d", from).isEqualTo(expected);
    if (slice.sizeBytes() == 0) {
      assertThat(slice.abortedTransactions()).isEmpty();
      return from;
    }
    checkNamed(slice, from, next);
    return next;
  }

  /**
   * The slice names those that were aborted with batches in it, and none that ended before. An
   * object does not know where a transaction began whose producer has no earlier marker in it, so
   * others may be named, which {@link #check} has shown to do no harm.
   */
  private void checkNamed(LogSlice slice, long from, long to) {
    List<Long> named =
        slice.abortedTransactions().stream().map(AbortedTransaction::lastOffset).toList();
    Set<Long> within =
        batches.subMap(batchAt(from), to).values().stream()
            .map(Batch::transaction)
            .filter(t -> t != null && t.aborted)
            .map(t -> t.marker)
            .collect(Collectors.toSet());
    assertThat(named)
        .as("aborted in [%d, %d)", from, to)
        .doesNotHaveDuplicates()
        .containsAll(within)
        .allMatch(marker -> marker >= from);
  }

  private long batchAt(long offset) {
    Long base = batches.floorKey(offset);
    return base == null || offset >= end ? offset : base;
  }
}
