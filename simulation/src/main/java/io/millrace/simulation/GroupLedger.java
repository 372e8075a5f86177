package io.millrace.simulation;

import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the members of one group were told. No partition has two owners in a generation (C1), a
 * generation that is synced ends those before it (C1, C2), and an offset is fetched as it was
 * committed: never an older one once a commit was answered, whoever coordinates by then (C6, C8,
 * C10, I12).
 */
final class GroupLedger {
  private final String name;
  private final boolean incremental;
  private final TreeMap<Integer, Map<PartitionId, String>> owners = new TreeMap<>();
  private final Map<PartitionId, Ownership> lastOwners = new HashMap<>();
  private final Map<PartitionId, Offsets> offsets = new HashMap<>();
  private final Map<String, Use> uses = new TreeMap<>();
  private int commits;
  private int expelled;

  /**
   * @param incremental members keep partitions from one generation, or epoch, to the next
   */
  GroupLedger(String name, boolean incremental) {
    this.name = name;
    this.incremental = incremental;
  }

  /** A partition's last owner, and since which generation it may have been. */
  private record Ownership(String by, int since) {}

  /** A commit on its way, told from others by its metadata. */
  static final class Commit {
    final PartitionId partition;
    final long offset;
    final String metadata;
    final int generation;
    private final int refusedBefore;
    private final Set<Commit> answeredBefore;
    private boolean answered;
    private boolean refused;

    private Commit(
        PartitionId partition,
        long offset,
        String metadata,
        int generation,
        int refusedBefore,
        Set<Commit> answeredBefore) {
      this.partition = partition;
      this.offset = offset;
      this.metadata = metadata;
      this.generation = generation;
      this.refusedBefore = refusedBefore;
      this.answeredBefore = answeredBefore;
    }

    @Override
    public String toString() {
      return "%d (%s) of generation %d".formatted(offset, metadata, generation);
    }
  }

  /**
   * Commits of one partition in the order they were sent: all, and those that may be what stands.
   */
  private static final class Offsets {
    private final List<Commit> sent = new ArrayList<>();
    private final List<Commit> possible = new ArrayList<>();
    private boolean committed;
  }

  /**
   * What a fetch of an offset may be answered with, as far as that is known when it is sent.
   *
   * @param sent how many commits have been sent by then; any later one may stand for a while before
   *     the answer
   */
  record Asked(PartitionId partition, List<Commit> possible, int sent, boolean committed) {}

  String name() {
    return name;
  }

  /** The last generation of which a member was told its partitions; -1 before the first. */
  int generation() {
    return owners.isEmpty() ? -1 : owners.lastKey();
  }

  /** Whether a member was told that it has the partition in the last generation. */
  boolean isOwned(PartitionId partition) {
    return !owners.isEmpty() && owners.lastEntry().getValue().containsKey(partition);
  }

  /** How often a member was told that it is none. */
  int expelled() {
    return expelled;
  }

  void onExpelled() {
    expelled++;
  }

  /** Told to a member in an answer to SyncGroup, or to a heartbeat of a consumer group. */
  void assigned(int generation, String member, Collection<PartitionId> partitions) {
    Map<PartitionId, String> owned = owners.computeIfAbsent(generation, _ -> new HashMap<>());
    for (PartitionId partition : partitions) {
      String other = owned.putIfAbsent(partition, member);
      if (other != null && !other.equals(member)) {
        throw new Violation(
            "C1: %s is owned by %s and %s in generation %d of %s"
                .formatted(partition, other, member, generation, name));
      }
      lastOwners.merge(
          partition,
          new Ownership(member, generation),
          (known, told) -> told.since < known.since || told.by.equals(known.by) ? known : told);
    }
  }

  /** What a member reads, and until when nobody may expel it. */
  private record Use(Set<PartitionId> partitions, long untilNs) {}

  /**
   * A member of an incremental group reads these, and nothing else, from now on.
   *
   * @param untilNs end of its session, counted from when it sent what the coordinator answered
   */
  void uses(String member, Collection<PartitionId> partitions, long nowNs, long untilNs) {
    uses.forEach((other, use) -> {
      if (!other.equals(member)
          && nowNs < use.untilNs
          && !Collections.disjoint(use.partitions, partitions)) {
        throw new Violation(
            "C1: %s is given %s of %s while %s reads %s"
                .formatted(member, partitions, name, other, use.partitions));
      }
    });
    uses.put(member, new Use(Set.copyOf(partitions), untilNs));
  }

  /** Commits of the partition by members of generations before it are refused. */
  private int refusedBefore(PartitionId partition) {
    if (!incremental) {
      return generation();
    }
    Ownership last = lastOwners.get(partition);
    return last == null ? -1 : last.since;
  }

  Commit sending(PartitionId partition, long offset, int generation) {
    return sending(partition, offset, generation, refusedBefore(partition));
  }

  /** By a member that has given the partition up since that generation, which is known. */
  Commit sendingTooLate(PartitionId partition, long offset, int generation) {
    return sending(partition, offset, generation, generation + 1);
  }

  private Commit sending(PartitionId partition, long offset, int generation, int refusedBefore) {
    Offsets of = offsets.computeIfAbsent(partition, _ -> new Offsets());
    Set<Commit> answered = new HashSet<>();
    of.possible.stream().filter(commit -> commit.answered).forEach(answered::add);
    Commit commit =
        new Commit(partition, offset, "c" + commits++, generation, refusedBefore, answered);
    of.sent.add(commit);
    of.possible.add(commit);
    return commit;
  }

  /** Said to be committed: nothing that was answered before it was sent can stand any more. */
  void committed(Commit commit) {
    if (commit.generation < commit.refusedBefore) {
      throw new Violation(
          "C1/C2: %s was committed when generation %d of %s had taken it away"
              .formatted(commit, commit.refusedBefore, name));
    }
    Offsets of = offsets.computeIfAbsent(commit.partition, _ -> new Offsets());
    commit.answered = true;
    of.committed = true;
    // one of an older generation without an answer is refused if it comes now
    of.possible.removeIf(other ->
        commit.answeredBefore.contains(other)
            || (!other.answered && other.generation < commit.refusedBefore));
  }

  /** Said not to be committed, by a coordinator that knows. */
  void refused(Commit commit) {
    Offsets of = offsets.computeIfAbsent(commit.partition, _ -> new Offsets());
    of.possible.remove(commit);
    commit.refused = true;
  }

  Asked asking(PartitionId partition) {
    Offsets of = offsets.computeIfAbsent(partition, _ -> new Offsets());
    return new Asked(partition, List.copyOf(of.possible), of.sent.size(), of.committed);
  }

  /** An offset as it was told; -1 for none. */
  void fetched(Asked asked, long offset, String metadata) {
    List<Commit> possible = new ArrayList<>(asked.possible());
    List<Commit> sent = offsets.computeIfAbsent(asked.partition(), _ -> new Offsets()).sent;
    sent.subList(asked.sent(), sent.size()).stream()
        .filter(commit -> !commit.refused)
        .forEach(possible::add);
    boolean right =
        offset < 0
            ? !asked.committed()
            : possible.stream()
                .anyMatch(commit -> commit.offset == offset && commit.metadata.equals(metadata));
    if (!right) {
      throw new Violation(
          "C8/C10/I12: %s is told to have committed %d (%s) of %s, it may be %s"
              .formatted(name, offset, metadata, asked.partition(), possible));
    }
  }
}
