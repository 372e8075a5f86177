package io.millrace.storage.metadata;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataRecord.CheckpointEntry;
import io.millrace.storage.metadata.MetadataRecord.CheckpointTaken;
import io.millrace.storage.metadata.MetadataRecord.Dropped;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which objects are listed. Never lists what a collector may have deleted (invariant I8). */
final class ObjectEffects {
  private ObjectEffects() {}

  static @Nullable String published(ImageDraft draft, WriterId issuer, WalPublished r) {
    Incarnation incarnation = draft.incarnation(issuer);
    if (!r.writer().equals(issuer)) {
      return "incarnation %s publishes only its own log".formatted(issuer);
    }
    if (incarnation.trim() != r.trimBefore() || r.trimAfter() < r.trimBefore()) {
      return "the log of incarnation %s is trimmed to %d, it cannot go from %d to %d"
          .formatted(issuer, incarnation.trim(), r.trimBefore(), r.trimAfter());
    }
    String reason = listLevelZero(draft, incarnation, r.objects());
    if (reason == null) {
      Incarnation listed = draft.incarnation(issuer);
      IncarnationEffects.published(draft, listed, r.trimAfter(), listed.publishedCounter());
    }
    return reason;
  }

  /**
   * Lists WAL files (entries) of one incarnation: each counter is above all it ever published, so
   * none can have been unlisted.
   */
  static @Nullable String listLevelZero(
      ImageDraft draft, Incarnation incarnation, List<ObjectInfo> objects) {
    long counter = incarnation.publishedCounter();
    for (ObjectInfo object : objects) {
      boolean own = object.level() == 0 && object.writer().equals(incarnation.writer());
      if (!own || !object.key().startsWith(Keys.walPrefix(incarnation.writer()))) {
        return "object %s is not of the log of incarnation %s"
            .formatted(object.key(), incarnation.writer());
      }
      if (Keys.number(object.key()) <= counter) {
        return "object %s is not above %d, published before".formatted(object.key(), counter);
      }
      counter = Keys.number(object.key());
    }
    objects.forEach(object -> draft.objects = draft.objects.plus(object.key(), object));
    IncarnationEffects.published(draft, incarnation, incarnation.trim(), counter);
    return null;
  }

  static @Nullable String merged(ImageDraft draft, WriterId issuer, ObjectsMerged r) {
    Set<String> distinct = new HashSet<>();
    for (String input : r.inputs()) {
      if (!draft.objects.containsKey(input) || !distinct.add(input)) {
        return "input %s is not listed".formatted(input);
      }
    }
    for (ObjectInfo output : r.outputs()) {
      boolean own = output.level() > 0 && output.writer().equals(issuer);
      if (!own
          || !output.key().equals(Keys.data(issuer, Keys.number(output.key())))
          || !distinct.add(output.key())) {
        return "output %s is not a merged object of incarnation %s".formatted(output.key(), issuer);
      }
      if (draft.objects.containsKey(output.key()) || deletable(draft, issuer, output.key())) {
        return "output %s may be deleted already".formatted(output.key());
      }
    }
    for (Dropped dropped : r.dropped()) {
      Partition partition = PartitionEffects.find(draft, dropped.partition());
      if (partition != null && checkpointEnd(partition) < dropped.end()) {
        return "the checkpoint of %s ends at %d, records below %d would be dropped"
            .formatted(dropped.partition(), checkpointEnd(partition), dropped.end());
      }
    }
    draft.objects = draft.objects.minusAll(r.inputs());
    r.outputs().forEach(output -> draft.objects = draft.objects.plus(output.key(), output));
    return null;
  }

  static @Nullable String checkpointTaken(ImageDraft draft, WriterId issuer, CheckpointTaken r) {
    if (!r.key().equals(Keys.checkpoint(issuer, Keys.number(r.key())))
        || deletable(draft, issuer, r.key())) {
      return "checkpoint %s may be deleted already".formatted(r.key());
    }
    boolean named = false;
    for (CheckpointEntry entry : r.partitions()) {
      Partition p = PartitionEffects.find(draft, entry.partition());
      if (p == null
          || !p.leader().equals(Optional.of(issuer))
          || p.leaderEpoch() != entry.leaderEpoch()) {
        continue;
      }
      if (checkpointEnd(p) <= entry.end()) {
        var checkpoint = new Checkpoint(r.key(), r.sizeBytes(), r.crc(), entry.end());
        var changed =
            new Partition(
                p.leader(),
                p.lastLeader(),
                p.leaderEpoch(),
                p.partitionEpoch(),
                p.logStart(),
                p.replicas(),
                p.targetLeader(),
                p.replicasBefore(),
                Optional.of(checkpoint));
        PartitionEffects.replace(draft, entry.partition(), changed);
        named = true;
      }
    }
    return named ? null : "checkpoint %s advances no partition its issuer leads".formatted(r.key());
  }

  private static long checkpointEnd(Partition partition) {
    return partition.checkpoint().map(Checkpoint::end).orElse(0L);
  }

  private static boolean deletable(ImageDraft draft, WriterId writer, String key) {
    return Keys.number(key) < draft.incarnation(writer).uploadFloor();
  }
}
