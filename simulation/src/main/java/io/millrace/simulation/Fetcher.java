package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Partition;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Reads on from where it was, or from anywhere, the middle of a batch included, and asks for the
 * ends, of those who led before too; has nothing to finish.
 */
final class Fetcher extends Client {
  private static final int LIST_OFFSETS_VERSION = 7;
  private static final long LATEST = -1;
  private static final long EARLIEST = -2;

  private final TreeMap<PartitionId, Long> positions = new TreeMap<>();
  private final Habit habit;
  private @Nullable Connection busy;

  Fetcher(String name, EventLoop loop, SplittableRandom random, World world, Habit habit) {
    super(name, loop, random, world);
    this.habit = habit;
  }

  /** What it does mostly. */
  enum Habit {
    READS_ON,
    /** Asks those who led before only, and goes on asking without an answer. */
    ASKS_FORMER_LEADERS
  }

  @Override
  boolean done() {
    return true;
  }

  @Override
  String waitsFor() {
    return name + " waits for nothing";
  }

  @Override
  void act() {
    if (busy == null && !resting()) {
      List<PartitionLedger> partitions = partitions();
      if (partitions.isEmpty()) {
        askWhoLeads();
      } else if (random.nextInt(habit == Habit.READS_ON ? 6 : 2) == 0) {
        listOffsets(partitions);
      } else if (habit == Habit.ASKS_FORMER_LEADERS && random.nextInt(3) == 0) {
        askEpochEnd(partitions);
      } else {
        fetch(partitions);
      }
    }
    later(1 + random.nextInt(20), this::act);
  }

  @Override
  void onBroken(Connection connection) {
    if (connection.equals(busy)) {
      busy = null;
    }
  }

  private boolean asksFormer(int oneIn) {
    return habit == Habit.ASKS_FORMER_LEADERS
        || (!ledger.oneBroker() && random.nextInt(oneIn) == 0);
  }

  private void fetch(List<PartitionLedger> partitions) {
    List<FetchCheck> checks = new ArrayList<>();
    int first = random.nextInt(partitions.size());
    Connection former = asksFormer(8) ? formerLeader(partitions.get(first).id()) : null;
    Connection connection = former != null ? former : leader(partitions.get(first).id());
    if (connection == null) {
      return;
    }
    int count = 1 + random.nextInt(Math.min(3, partitions.size()));
    for (int i = 0; i < count; i++) {
      PartitionLedger partition = partitions.get((first + i) % partitions.size());
      // now and then one that another leads
      if (former != null || connection.equals(leader(partition.id())) || random.nextInt(10) == 0) {
        int epoch = random.nextBoolean() ? leaderEpoch(partition.id()) : -1;
        long offset = former != null ? partition.end() : offset(partition);
        checks.add(FetchCheck.at(partition, offset, epoch, connection.process()));
      }
    }
    int bytesMax = 1 + random.nextInt(random.nextBoolean() ? 2_000 : 200_000);
    ask(
        connection,
        FetchCheck.request(checks, random.nextInt(300), bytesMax),
        FetchCheck.VERSION,
        answer -> onFetched((FetchResponseData) answer, checks));
  }

  private void ask(
      Connection connection, ApiMessage request, int version, Consumer<ApiMessage> onAnswered) {
    busy = habit == Habit.ASKS_FORMER_LEADERS ? null : connection;
    send(connection, request, version, onAnswered, answer -> busy = null);
  }

  private long offset(PartitionLedger partition) {
    long end = partition.end();
    return switch (random.nextInt(8)) {
      case 0 -> end;
      case 1 -> end + 1 + random.nextInt(10);
      case 2, 3 -> end == 0 ? 0 : random.nextLong(end);
      default -> positions.getOrDefault(partition.id(), 0L);
    };
  }

  private void onFetched(FetchResponseData response, List<FetchCheck> checks) {
    for (FetchCheck check : checks) {
      check
          .answered(response, checks.size() == 1)
          .ifPresentOrElse(
              fetched ->
                  positions.merge(check.partition().id(), fetched.next(check.offset()), Math::max),
              () -> loop.execute(this::askWhoLeads));
    }
  }

  private void listOffsets(List<PartitionLedger> partitions) {
    PartitionLedger partition = partitions.get(random.nextInt(partitions.size()));
    String topic = ledger.name(partition.id().topicId());
    Connection connection = anyWhoLeadsOrLed(partition.id());
    if (connection == null || topic == null) {
      return;
    }
    Supplier<@Nullable Uuid> named = () -> connection.process().image().topicIds().get(topic);
    if (!partition.id().topicId().equals(named.get())) {
      return; // it has not heard yet of what others know
    }
    boolean latest = random.nextBoolean();
    long endAtRequest = partition.end();
    long logStartAtRequest = partition.logStart();
    ask(
        connection,
        new ListOffsetsRequestData()
            .setReplicaId(-1)
            .setTopics(
                List.of(
                    new ListOffsetsTopic()
                        .setName(topic)
                        .setPartitions(
                            List.of(
                                new ListOffsetsPartition()
                                    .setPartitionIndex(partition.id().partition())
                                    .setCurrentLeaderEpoch(-1)
                                    .setTimestamp(latest ? LATEST : EARLIEST))))),
        LIST_OFFSETS_VERSION,
        answer -> {
          if (partition.id().topicId().equals(named.get())) {
            onListed(
                answer, partition, latest, endAtRequest, logStartAtRequest, connection.process());
          }
        });
  }

  /** Of the epoch that led when the broker asked heard last. */
  private void askEpochEnd(List<PartitionLedger> partitions) {
    PartitionLedger ledgerOf = partitions.get(random.nextInt(partitions.size()));
    PartitionId id = ledgerOf.id();
    String topic = ledger.name(id.topicId());
    Connection connection = formerLeader(id);
    Partition known = connection == null ? null : connection.process().image().partition(id);
    if (connection == null || known == null || topic == null) {
      return;
    }
    int epoch = known.leaderEpoch();
    long endAtRequest = ledgerOf.endOfEpoch(epoch);
    ask(
        connection,
        EpochCheck.request(topic, id.partition(), epoch),
        EpochCheck.VERSION,
        answer -> {
          EpochEndOffset told =
              ((OffsetForLeaderEpochResponseData) answer)
                  .topics()
                  .find(topic)
                  .partitions()
                  .getFirst();
          if (told.errorCode() == Errors.NONE.code()
              && told.leaderEpoch() == epoch
              && told.endOffset() < endAtRequest
              && !ledgerOf.isDeleting()) {
            throw new Violation(
                "D4/I12: %s says epoch %d of %s ends at %d; its end was %d"
                    .formatted(
                        connection.process().writer(), epoch, id, told.endOffset(), endAtRequest));
          }
        });
  }

  private @Nullable Connection anyWhoLeadsOrLed(PartitionId partition) {
    if (asksFormer(4)) {
      return formerLeader(partition);
    }
    return ledger.oneBroker() || random.nextInt(3) > 0 ? leader(partition) : any();
  }

  private void onListed(
      ApiMessage answer,
      PartitionLedger partition,
      boolean latest,
      long endAtRequest,
      long logStartAtRequest,
      BrokerProcess asked) {
    ListOffsetsPartitionResponse listed =
        ((ListOffsetsResponseData) answer).topics().getFirst().partitions().getFirst();
    if (listed.errorCode() != Errors.NONE.code() || partition.isDeleting()) {
      return;
    }
    if (latest) {
      partition.toldHighWatermark(listed.offset(), endAtRequest, "ListOffsets", asked);
    } else {
      partition.toldLogStart(listed.offset(), logStartAtRequest);
    }
  }
}
