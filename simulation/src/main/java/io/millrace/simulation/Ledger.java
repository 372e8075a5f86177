package io.millrace.simulation;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * All that clients were ever told, by topic id and partition, and the topics as the clients know
 * them.
 */
final class Ledger {
  private final TreeMap<PartitionId, PartitionLedger> partitions = new TreeMap<>();
  private final TreeMap<String, Topic> topics = new TreeMap<>();
  private final Set<String> names = new HashSet<>();
  private final boolean oneBroker;
  private final Durability durability;
  private long createdAgain;

  /**
   * @param oneBroker every answer is by the only broker, which knows all
   * @param durability checked whenever a client is told that something is stored
   */
  Ledger(boolean oneBroker, Durability durability) {
    this.oneBroker = oneBroker;
    this.durability = durability;
  }

  /** Tells whether what a client is told is stored so that it cannot be lost (I1, I2). */
  interface Durability {
    String ACKNOWLEDGED = "acknowledged";
    String READ = "read";

    /** Of one broker on a disk, which only a power loss tells. */
    Durability ASSUMED =
        new Durability() {
          @Override
          public void check(PartitionId id, RecordedBatch batch, String how, WriterId by) {}

          @Override
          public void checkEnd(PartitionId id, long end, String how, WriterId by) {}

          @Override
          public long endOfEpoch(PartitionId id, int leaderEpoch) {
            return 0;
          }

          @Override
          public void checkAbsent(PartitionId id, RecordedBatch batch, WriterId writer) {}
        };

    /** Throws {@link Violation} if the batch is not. */
    void check(PartitionId id, RecordedBatch batch, String how, WriterId by);

    /** Throws {@link Violation} if not all below {@code end} is. */
    void checkEnd(PartitionId id, long end, String how, WriterId by);

    /** Where the records end that leaders up to this epoch have written; 0 if nobody can tell. */
    long endOfEpoch(PartitionId id, int leaderEpoch);

    /** Throws {@link Violation} if the log of the incarnation holds the batch, at any offset. */
    void checkAbsent(PartitionId id, RecordedBatch batch, WriterId writer);
  }

  /** A topic as clients found it. */
  record Topic(String name, Uuid id, List<PartitionLedger> partitions) {}

  Topic found(String name, Uuid id, int partitionCount) {
    Topic known = topics.get(name);
    if (known != null && known.id().equals(id)) {
      return known;
    }
    List<PartitionLedger> ledgers = new ArrayList<>();
    for (int p = 0; p < partitionCount; p++) {
      PartitionId partition = new PartitionId(id, p);
      PartitionLedger ledger =
          partitions.computeIfAbsent(
              partition, of -> new PartitionLedger(of, oneBroker, durability));
      if (ledger.isDeleted()) {
        throw new Violation("I10: deleted topic " + name + " " + id + " is there again");
      }
      ledgers.add(ledger);
    }
    Topic topic = new Topic(name, id, List.copyOf(ledgers));
    topics.put(name, topic);
    if (!names.add(name)) {
      createdAgain++;
    }
    return topic;
  }

  @Nullable Topic topic(String name) {
    return topics.get(name);
  }

  /** Name of a topic that clients know; null if they know it no longer. */
  @Nullable String name(Uuid id) {
    return topics.values().stream()
        .filter(topic -> topic.id().equals(id))
        .map(Topic::name)
        .findFirst()
        .orElse(null);
  }

  /** How often a topic got the name of one that was deleted. */
  long createdAgain() {
    return createdAgain;
  }

  boolean oneBroker() {
    return oneBroker;
  }

  /** Whether a topic of this id was deleted for certain. */
  boolean isDeleted(Uuid id) {
    PartitionLedger first = partitions.get(new PartitionId(id, 0));
    return first != null && first.isDeleted();
  }

  void gone(String name) {
    topics.remove(name);
  }

  List<Topic> topics() {
    return List.copyOf(topics.values());
  }

  /** Partitions that must be there. */
  List<PartitionLedger> live() {
    return partitions.values().stream().filter(ledger -> !ledger.isDeleting()).toList();
  }

  /** Whether a client has found it. */
  boolean knows(PartitionId id) {
    return partitions.containsKey(id);
  }

  PartitionLedger partition(PartitionId id) {
    PartitionLedger ledger = partitions.get(id);
    if (ledger == null) {
      throw new IllegalStateException("no such partition: " + id);
    }
    return ledger;
  }

  long batches() {
    return partitions.values().stream().mapToLong(PartitionLedger::batches).sum();
  }
}
