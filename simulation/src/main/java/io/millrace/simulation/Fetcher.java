package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/**
 * Reads on from where it was, or from anywhere, the middle of a batch included, and asks for the
 * ends; has nothing to finish.
 */
final class Fetcher extends Client {
  private static final int LIST_OFFSETS_VERSION = 7;
  private static final long LATEST = -1;
  private static final long EARLIEST = -2;

  private final TreeMap<PartitionId, Long> positions = new TreeMap<>();
  private boolean scheduled;

  Fetcher(String name, EventLoop loop, SplittableRandom random, World world) {
    super(name, loop, random, world);
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
  void onConnected() {
    next();
  }

  @Override
  void onBroken() {}

  private void next() {
    if (!scheduled) {
      scheduled = true;
      later(
          1 + random.nextInt(20),
          () -> {
            scheduled = false;
            act();
          });
    }
  }

  private void act() {
    List<PartitionLedger> partitions = new ArrayList<>();
    ledger.topics().forEach(topic -> partitions.addAll(topic.partitions()));
    if (!connected()) {
      return;
    }
    if (partitions.isEmpty() || resting()) {
      next();
    } else if (random.nextInt(10) == 0) {
      listOffsets();
    } else {
      fetch(partitions);
    }
  }

  private void fetch(List<PartitionLedger> partitions) {
    List<FetchCheck> checks = new ArrayList<>();
    int first = random.nextInt(partitions.size());
    int count = 1 + random.nextInt(Math.min(3, partitions.size()));
    for (int i = 0; i < count; i++) {
      PartitionLedger partition = partitions.get((first + i) % partitions.size());
      checks.add(FetchCheck.at(partition, offset(partition)));
    }
    int bytesMax = 1 + random.nextInt(random.nextBoolean() ? 2_000 : 200_000);
    send(
        FetchCheck.request(checks, random.nextInt(300), bytesMax),
        FetchCheck.VERSION,
        answer -> onFetched((FetchResponseData) answer, checks),
        answer -> next());
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
          .ifPresent(fetched ->
              positions.merge(check.partition().id(), fetched.next(check.offset()), Math::max));
    }
  }

  private void listOffsets() {
    List<Ledger.Topic> topics = ledger.topics();
    Ledger.Topic topic = topics.get(random.nextInt(topics.size()));
    PartitionLedger partition = topic.partitions().get(random.nextInt(topic.partitions().size()));
    boolean latest = random.nextBoolean();
    long endAtRequest = partition.end();
    send(
        new ListOffsetsRequestData()
            .setReplicaId(-1)
            .setTopics(
                List.of(
                    new ListOffsetsTopic()
                        .setName(topic.name())
                        .setPartitions(
                            List.of(
                                new ListOffsetsPartition()
                                    .setPartitionIndex(partition.id().partition())
                                    .setCurrentLeaderEpoch(-1)
                                    .setTimestamp(latest ? LATEST : EARLIEST))))),
        LIST_OFFSETS_VERSION,
        answer -> onListed(answer, partition, latest, endAtRequest),
        answer -> next());
  }

  private void onListed(
      ApiMessage answer, PartitionLedger partition, boolean latest, long endAtRequest) {
    ListOffsetsPartitionResponse listed =
        ((ListOffsetsResponseData) answer).topics().getFirst().partitions().getFirst();
    // By name: the answer may be about the topic's successor.
    if (listed.errorCode() != Errors.NONE.code() || partition.isDeleting()) {
      return;
    }
    if (latest) {
      partition.toldHighWatermark(listed.offset(), endAtRequest, "ListOffsets");
    } else if (listed.offset() != 0) {
      throw new Violation("I9: " + partition.id() + " begins at " + listed.offset());
    }
  }
}
