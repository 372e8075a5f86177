package io.millrace.simulation;

import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.Entry;
import io.millrace.storage.metadata.EntryCodec;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.LeaderHandedOver;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * I14, judged by what the entries say and not by what a broker made of them: the very command that
 * gives a partition another leader is the leader's own, or the recovery of the last one. Keeps
 * every entry as it was first put.
 */
final class LeaderChanges {
  private final Map<Long, Entry> entries = new HashMap<>();

  /** How a leader changed. */
  enum Kind {
    HANDOVER,
    RECOVERY
  }

  /** An entry is put; what comes where one was collected is none. */
  void onStored(String key, byte[] body) {
    long number = Keys.number(key);
    if (!entries.containsKey(number)) {
      entries.put(number, EntryCodec.decode(number, ByteBuffer.wrap(body)));
    }
  }

  /**
   * How the leader of a partition changed in the entry that leads to {@code after}; empty if
   * several entries lie between the images.
   */
  Optional<Kind> kind(
      PartitionId id, Partition was, Partition is, MetadataImage before, MetadataImage after) {
    if (is.leaderEpoch() == was.leaderEpoch()) {
      throw new Violation("I14: %s went from %s to %s".formatted(id, was, is));
    }
    Entry entry = entries.get(after.entryNumber());
    if (entry == null || after.entryNumber() != before.entryNumber() + 1) {
      return Optional.empty();
    }
    List<Kind> changes = new ArrayList<>();
    for (Command command : entry.commands()) {
      switch (command.record()) {
        case LeaderHandedOver change when change.partition().equals(id) -> {
          boolean byItself =
              was.leader().isPresent()
                  && was.leader().get().equals(command.issuer())
                  && was.leaderEpoch() == change.leaderEpoch();
          if (byItself && change.newLeader() == nodeId(after, is)) {
            changes.add(Kind.HANDOVER);
          }
        }
        case IncarnationRecovered recovered
            when was.leader().isEmpty()
                && was.lastLeader().filter(recovered.writer()::equals).isPresent() ->
            changes.add(Kind.RECOVERY);
        default -> {}
      }
    }
    if (changes.size() != 1 || is.leaderEpoch() != was.leaderEpoch() + 1) {
      throw new Violation(
          "I14: %s went from %s to %s by entry %d: %s"
              .formatted(id, was, is, after.entryNumber(), entry.commands()));
    }
    return Optional.of(changes.getFirst());
  }

  private static int nodeId(MetadataImage image, Partition partition) {
    WriterId leader = partition.leader().orElseThrow();
    Incarnation incarnation = image.incarnations().get(leader);
    return incarnation == null ? -1 : incarnation.nodeId();
  }
}
