package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.jspecify.annotations.Nullable;

/**
 * Reads every live partition from start to end while nobody writes, and compares with all that
 * clients were ever told.
 */
final class Reader extends Client {
  private static final int TRIES_MAX = 10;

  private final Deque<PartitionLedger> partitions = new ArrayDeque<>();
  private List<RecordedBatch> read = new ArrayList<>();
  private final NavigableMap<Integer, Long> epochs = new TreeMap<>();
  private @Nullable Connection busy;
  private long start;
  private long position;
  private int tries;
  private String lastTold = "nothing";
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
  }

  /** Offsets that are not read, and some that are not there. */
  long left() {
    return partitions.stream().mapToLong(PartitionLedger::end).sum() - position;
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
        : "reader reads %s at %d of %d from %d on (%d tries, last told %s)"
            .formatted(partition.id(), position, partition.end(), start, tries, lastTold);
  }

  @Override
  void act() {
    PartitionLedger partition = partitions.peek();
    Connection connection = partition == null || busy != null ? null : leader(partition.id());
    if (partition != null && connection != null) {
      fetch(connection, partition);
    } else {
      later(20, this::act);
    }
  }

  @Override
  void onBroken(Connection connection) {
    if (connection.equals(busy)) {
      busy = null;
      later(20, this::act);
    }
  }

  private void begin() {
    PartitionLedger partition = partitions.peek();
    start = partition == null ? 0 : world.logStart(partition.id());
    position = start;
    tries = 0;
    read = new ArrayList<>();
    epochs.clear();
  }

  private void fetch(Connection connection, PartitionLedger partition) {
    FetchCheck check = FetchCheck.at(partition, position, -1, connection.process());
    busy = connection;
    send(
        connection,
        FetchCheck.request(List.of(check), 0, 1 << 20),
        FetchCheck.VERSION,
        answer -> {
          busy = null;
          onFetched(partition, check, (FetchResponseData) answer);
        });
  }

  private void onFetched(PartitionLedger partition, FetchCheck check, FetchResponseData answer) {
    if (!partition.equals(partitions.peek()) || check.offset() != position) {
      act();
      return;
    }
    Optional<FetchCheck.Fetched> fetched = check.answered(answer, true);
    lastTold = check.told(answer);
    // one that no longer leads may end earlier
    if (fetched.isEmpty() || fetched.get().highWatermark() < check.endAtRequest()) {
      tries++;
      if (damageExpected && tries == TRIES_MAX) {
        partitions.poll();
        begin();
      } else if (position < world.logStart(partition.id())) {
        begin();
      }
      askWhoLeads();
      later(20, this::act);
      return;
    }
    onBatches(partition, fetched.get());
  }

  private void onBatches(PartitionLedger partition, FetchCheck.Fetched fetched) {
    read.addAll(fetched.batches());
    fetched.epochs().forEach(epochs::putIfAbsent);
    position = fetched.next(position);
    if (position >= fetched.highWatermark()) {
      partition.readWhole(read, start, fetched.highWatermark());
      askEpoch(partition, fetched.highWatermark());
    } else {
      act();
    }
  }

  /** One question each; whoever does not know it is not asked again. */
  private void askEpoch(PartitionLedger partition, long end) {
    Connection connection = leader(partition.id());
    Topic topic =
        connection == null ? null : connection.process().image().topic(partition.id().topicId());
    if (connection == null || topic == null || epochs.isEmpty() || damageExpected) {
      next();
      return;
    }
    EpochCheck check =
        EpochCheck.of(topic.name(), partition.id().partition(), new TreeMap<>(epochs), end, random);
    busy = connection;
    send(
        connection,
        check.request(),
        EpochCheck.VERSION,
        answer -> {
          busy = null;
          if (partition.equals(partitions.peek())) {
            check.answered((OffsetForLeaderEpochResponseData) answer);
            next();
          } else {
            act();
          }
        });
  }

  private void next() {
    partitions.poll();
    begin();
    act();
  }
}
