package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.common.message.FetchResponseData;
import org.jspecify.annotations.Nullable;

/**
 * Reads with read_committed: on and on while others write, and everything once more when it is
 * asked to audit. An audit ends when nothing is undecided any more in any partition (B2, B13) and
 * the {@link TransactionLedger} finds that it adds up.
 */
final class Auditor extends Client {
  private final TransactionLedger transactions;
  private final TreeMap<PartitionId, Long> positions = new TreeMap<>();
  private final Deque<PartitionLedger> unread = new ArrayDeque<>();
  private final Map<PartitionId, Set<String>> visible = new HashMap<>();
  private final Map<PartitionId, Long> starts = new HashMap<>();
  private @Nullable Connection busy;
  private long position;
  private String lastTold = "nothing";

  Auditor(
      String name,
      EventLoop loop,
      SplittableRandom random,
      World world,
      TransactionLedger transactions) {
    super(name, loop, random, world);
    this.transactions = transactions;
  }

  /** Begins; {@link #done} when all is read and adds up. */
  void audit() {
    visible.clear();
    starts.clear();
    unread.addAll(ledger.live());
    begin();
  }

  /** Offsets that are not read, and some that are not there. */
  long left() {
    return unread.stream().mapToLong(PartitionLedger::end).sum() - position;
  }

  @Override
  boolean done() {
    return unread.isEmpty();
  }

  @Override
  String waitsFor() {
    PartitionLedger partition = unread.peek();
    return partition == null
        ? name + " waits for nothing"
        : "%s reads %s at %d of %d, last told %s"
            .formatted(name, partition.id(), position, partition.end(), lastTold);
  }

  @Override
  void act() {
    if (busy == null) {
      PartitionLedger partition = unread.peek();
      if (partition != null) {
        fetch(partition, position, true);
      } else if (!resting()) {
        List<PartitionLedger> partitions = ledger.live();
        if (!partitions.isEmpty()) {
          PartitionLedger any = partitions.get(random.nextInt(partitions.size()));
          fetch(any, positions.getOrDefault(any.id(), world.logStart(any.id())), false);
        }
      }
    }
    later(1 + random.nextInt(unread.isEmpty() ? 60 : 10), this::act);
  }

  @Override
  void onBroken(Connection connection) {
    if (connection.equals(busy)) {
      busy = null;
    }
  }

  private void begin() {
    PartitionLedger partition = unread.peek();
    if (partition != null) {
      position = world.logStart(partition.id());
      starts.put(partition.id(), position);
      visible.put(partition.id(), new HashSet<>());
    }
  }

  private void fetch(PartitionLedger partition, long offset, boolean auditing) {
    Connection connection = leader(partition.id());
    if (connection == null) {
      return;
    }
    FetchCheck check = FetchCheck.committedAt(partition, offset, connection.process());
    busy = connection;
    send(
        connection,
        FetchCheck.request(List.of(check), 0, 1 + random.nextInt(200_000)),
        FetchCheck.VERSION,
        answer ->
            check
                .answered((FetchResponseData) answer, true)
                .ifPresent(
                    fetched -> TransactionLedger.readCommitted(partition, fetched.visible())),
        answer -> {
          busy = null;
          FetchResponseData told = (FetchResponseData) answer;
          lastTold = check.told(told);
          check
              .answered(told, true)
              .ifPresentOrElse(
                  fetched -> onFetched(partition, offset, fetched, auditing),
                  () -> {
                    positions.remove(partition.id());
                    askWhoLeads();
                  });
        });
  }

  private void onFetched(
      PartitionLedger partition, long offset, FetchCheck.Fetched fetched, boolean auditing) {
    if (!auditing) {
      positions.put(partition.id(), fetched.next(offset));
    } else if (partition.equals(unread.peek()) && offset == position) {
      Set<String> names = visible.computeIfAbsent(partition.id(), _ -> new HashSet<>());
      fetched.visible().forEach(batch -> names.add(batch.name()));
      position = fetched.next(position);
      if (position >= Math.max(fetched.highWatermark(), partition.end())) {
        unread.poll();
        begin();
        if (unread.isEmpty()) {
          transactions.audit(visible, starts);
        }
      }
    }
  }
}
