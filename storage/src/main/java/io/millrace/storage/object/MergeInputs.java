package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.Dropped;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a merge reads, partition by partition in offset order, and what it drops with which reason
 * (topic deleted; below a log start the checkpoint covers). Pure; made once from the footers of the
 * inputs.
 */
final class MergeInputs {
  private final Map<PartitionId, Source> sources = new TreeMap<>();
  private final List<Dropped> dropped = new ArrayList<>();

  /**
   * One partition of the inputs.
   *
   * @param parts with something to keep, in offset order
   * @param dropBelow batches that end at or below it are dropped
   * @param expected sums of the parts
   */
  record Source(PartitionId partition, List<Part> parts, long dropBelow, BatchSums expected) {
    long bytes() {
      return expected.bytes();
    }
  }

  MergeInputs(MetadataImage image, Map<ObjectInfo, Footer> footers) {
    Map<PartitionId, List<Part>> parts = new TreeMap<>();
    footers.forEach((object, footer) -> {
      for (PartitionFooter p : footer.partitions()) {
        parts.computeIfAbsent(p.partition(), _ -> new ArrayList<>()).add(new Part(object, p));
      }
    });
    parts.forEach((id, all) -> add(id, all, MergePlanner.dropBelow(image, id)));
  }

  /** By partition; without those dropped whole. */
  Map<PartitionId, Source> sources() {
    return sources;
  }

  List<Dropped> dropped() {
    return dropped;
  }

  /** Partitions that fill one output after the other, in this order. */
  List<List<Source>> groups(MetadataImage image, long ownObjectBytesMin) {
    Map<RetentionClass, List<Source>> shared = new TreeMap<>();
    List<List<Source>> groups = new ArrayList<>();
    for (Source source : sources.values()) {
      if (source.bytes() >= ownObjectBytesMin) {
        groups.add(List.of(source));
      } else {
        shared
            .computeIfAbsent(
                RetentionClass.of(image, source.partition().topicId()), _ -> new ArrayList<>())
            .add(source);
      }
    }
    groups.addAll(shared.values());
    return groups;
  }

  private void add(PartitionId id, List<Part> all, long dropBelow) {
    all.sort(Comparator.comparingLong(part -> part.footer().baseOffset()));
    List<Part> kept = new ArrayList<>();
    BatchSums expected = new BatchSums();
    long droppedEnd = -1;
    long end = 0;
    for (Part part : all) {
      PartitionFooter footer = part.footer();
      if (footer.baseOffset() < end) {
        throw new ObjectCorruptException(
            "%s is corrupt: it begins at offset %d of %s, but another object holds offsets up to %d"
                .formatted(part.object().key(), footer.baseOffset(), id, end));
      }
      end = footer.endOffset();
      if (footer.baseOffset() < dropBelow) {
        droppedEnd = Math.min(dropBelow, end);
      }
      if (end > dropBelow) {
        kept.add(part);
        expected.add(footer);
      }
    }
    if (droppedEnd >= 0) {
      dropped.add(new Dropped(id, droppedEnd));
    }
    if (!kept.isEmpty()) {
      sources.put(id, new Source(id, List.copyOf(kept), dropBelow, expected));
    }
  }
}
