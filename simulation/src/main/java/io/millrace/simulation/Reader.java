package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.kafka.common.message.FetchResponseData;

/**
 * Reads every live partition from start to end while nobody writes, and compares with all that
 * clients were ever told.
 */
final class Reader extends Client {
  private static final int TRIES_MAX = 10;

  private final Deque<PartitionLedger> partitions = new ArrayDeque<>();
  private List<RecordedBatch> read = new ArrayList<>();
  private long position;
  private int tries;
  private boolean damageExpected;

  Reader(EventLoop loop, SplittableRandom random, World world) {
    super("reader", loop, random, world);
  }

  /** Gives up a partition that answers with errors only. */
  void expectDamage() {
    damageExpected = true;
  }

  /** Begins; {@link #done} when all are read. */
  void readAll() {
    partitions.clear();
    partitions.addAll(ledger.live());
    begin();
    if (connected()) {
      fetch();
    }
  }

  @Override
  boolean done() {
    return partitions.isEmpty();
  }

  @Override
  String waitsFor() {
    PartitionLedger partition = partitions.peek();
    return partition == null
        ? "reader waits for nothing"
        : "reader reads %s at %d of %d (%d tries)"
            .formatted(partition.id(), position, partition.end(), tries);
  }

  @Override
  void onConnected() {
    fetch();
  }

  @Override
  void onBroken() {}

  private void begin() {
    position = 0;
    tries = 0;
    read = new ArrayList<>();
  }

  private void fetch() {
    PartitionLedger partition = partitions.peek();
    if (partition == null || !connected()) {
      return;
    }
    FetchCheck check = FetchCheck.at(partition, position);
    send(
        FetchCheck.request(List.of(check), 0, 1 << 20),
        FetchCheck.VERSION,
        answer -> onFetched(partition, check, (FetchResponseData) answer));
  }

  private void onFetched(PartitionLedger partition, FetchCheck check, FetchResponseData answer) {
    if (!partition.equals(partitions.peek()) || check.offset() != position) {
      return;
    }
    Optional<FetchCheck.Fetched> fetched = check.answered(answer, true);
    if (fetched.isEmpty()) {
      tries++;
      if (damageExpected && tries == TRIES_MAX) {
        partitions.poll();
        begin();
      }
      later(20, this::fetch);
      return;
    }
    onBatches(partition, fetched.get());
  }

  private void onBatches(PartitionLedger partition, FetchCheck.Fetched fetched) {
    read.addAll(fetched.batches());
    position = fetched.next(position);
    if (position >= fetched.highWatermark()) {
      partition.readWhole(read, fetched.highWatermark());
      partitions.poll();
      begin();
    }
    fetch();
  }
}
