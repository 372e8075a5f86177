package io.millrace.simulation;

import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All transactions and what became of them as far as their producers were told. What is read as
 * committed is of no transaction that was aborted, or that nobody has asked to commit (A7, A8, B1,
 * B3); in the end each is there whole or not at all (A1, A10), and what was made out of an input is
 * there once (A3). Amounts of a transaction add up to nothing, so all that is visible does.
 */
final class TransactionLedger {
  private final List<Transaction> all = new ArrayList<>();

  /** A transactional id, which several clients may use at a time. */
  static final class Id {
    final String name;
    private Epoch latest = Epoch.NONE;
    private @Nullable Transaction open;

    Id(String name) {
      this.name = name;
    }

    /** Whoever has an older one is fenced. */
    Epoch latest() {
      return latest;
    }

    /** A client is told its epoch: what nobody has asked to commit at an older one is aborted. */
    void onInitialized(Epoch epoch) {
      Transaction before = open;
      if (before != null && before.fate == Fate.OPEN && before.epoch.compareTo(epoch) < 0) {
        before.fate = Fate.ABORTED;
      }
      latest = latest.compareTo(epoch) < 0 ? epoch : latest;
    }
  }

  /** A producer id and its epoch; ids that come later are higher. */
  record Epoch(long producerId, short epoch) implements Comparable<Epoch> {
    static final Epoch NONE = new Epoch(-1, (short) -1);

    @Override
    public int compareTo(Epoch other) {
      return producerId == other.producerId
          ? Short.compare(epoch, other.epoch)
          : Long.compare(producerId, other.producerId);
    }
  }

  /** As far as its producer, and whoever has taken its place, was told. */
  enum Fate {
    OPEN,
    /** Somebody was asked to commit it, and it is not known what came of it. */
    COMMITTING,
    COMMITTED,
    ABORTED
  }

  /** A batch of a transaction. */
  record Part(PartitionLedger partition, SentBatch batch, int amount) {}

  /** One transaction. */
  static final class Transaction {
    final String name;
    final Epoch epoch;
    final List<Part> parts = new ArrayList<>();

    /** Names of the batches it was made out of. */
    final Set<String> inputs = new HashSet<>();

    private Fate fate = Fate.OPEN;

    private Transaction(String name, Epoch epoch) {
      this.name = name;
      this.epoch = epoch;
    }

    Fate fate() {
      return fate;
    }

    void committing() {
      if (fate == Fate.OPEN) {
        fate = Fate.COMMITTING;
      }
    }

    /** Said to be committed. */
    void committed() {
      if (fate == Fate.ABORTED) {
        throw new Violation("B1: %s was aborted and is said to be committed".formatted(this));
      }
      fate = Fate.COMMITTED;
    }

    /** Said to be aborted, which is what its producer has asked for. */
    void aborted() {
      if (fate == Fate.COMMITTED) {
        throw new Violation("B1: %s was committed and is said to be aborted".formatted(this));
      }
      fate = Fate.ABORTED;
    }

    @Override
    public String toString() {
      return "transaction " + name + " at " + epoch;
    }
  }

  Transaction begin(Id id, String name, Epoch epoch) {
    Transaction begun = new Transaction(name, epoch);
    all.add(begun);
    id.open = begun;
    return begun;
  }

  long count(Fate fate) {
    return all.stream().filter(transaction -> transaction.fate == fate).count();
  }

  /** Batches of the largest one. */
  int batchesMax(Fate fate) {
    return all.stream()
        .filter(transaction -> transaction.fate == fate)
        .mapToInt(transaction -> transaction.parts.size())
        .max()
        .orElse(0);
  }

  /** Batches that a broker serves as committed. */
  static void readCommitted(PartitionLedger partition, List<RecordedBatch> visible) {
    for (RecordedBatch batch : visible) {
      Transaction of = partition.checkSent(batch).transaction;
      if (of != null && (of.fate == Fate.OPEN || of.fate == Fate.ABORTED)) {
        throw new Violation(
            "A7/A8: %s of %s is read as committed, %s is %s"
                .formatted(batch, partition.id(), of, of.fate));
      }
    }
  }

  /**
   * All that can be read as committed, while nobody writes.
   *
   * @param visible names of batches, by partition
   * @param starts first offset that was read, by partition
   */
  void audit(Map<PartitionId, Set<String>> visible, Map<PartitionId, Long> starts) {
    long total = 0;
    boolean whole = starts.values().stream().allMatch(start -> start == 0);
    Map<String, String> madeOf = new HashMap<>();
    for (Transaction transaction : all) {
      List<Part> there = new ArrayList<>();
      List<Part> missing = new ArrayList<>();
      for (Part part : transaction.parts) {
        Set<String> names = visible.get(part.partition.id());
        long at = part.batch.acknowledgedAt();
        if (names == null || at < starts.getOrDefault(part.partition.id(), 0L)) {
          whole &= names != null || at < 0;
        } else if (names.contains(part.batch.name)) {
          there.add(part);
          total += part.amount;
        } else {
          missing.add(part);
        }
      }
      if (!missing.isEmpty() && (transaction.fate == Fate.COMMITTED || !there.isEmpty())) {
        throw new Violation(
            "A1/A10: of %s, which is %s, %s can be read and %s cannot"
                .formatted(transaction, transaction.fate, names(there), names(missing)));
      }
      if (!there.isEmpty()) {
        for (String input : transaction.inputs) {
          String other = madeOf.put(input, transaction.name);
          if (other != null) {
            throw new Violation(
                "A3: %s went into %s and into %s".formatted(input, other, transaction.name));
          }
        }
      }
    }
    if (whole && total != 0) {
      throw new Violation("A10: the amounts of all transactions add up to " + total);
    }
  }

  private static List<String> names(List<Part> parts) {
    return parts.stream().map(part -> part.batch.name + " of " + part.partition.id()).toList();
  }
}
