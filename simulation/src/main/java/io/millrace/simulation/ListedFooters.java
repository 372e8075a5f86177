package io.millrace.simulation;

import io.millrace.simulation.store.SimulatedStore;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.FooterCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the listed objects say they hold: no offset is in two of them, none between the log start
 * and the published end is missing, and no more is published than is in the logs (I3, I8).
 */
final class ListedFooters {
  private final SimulatedStore store;
  private final LogTruth truth;
  private final Map<String, Footer> footers = new HashMap<>();
  private final Map<PartitionId, Long> publishedEnds = new HashMap<>();

  ListedFooters(SimulatedStore store, LogTruth truth) {
    this.store = store;
    this.truth = truth;
  }

  /** An image whose objects differ from those before. */
  void check(MetadataImage before, MetadataImage after) {
    Set<PartitionId> touched = new HashSet<>();
    for (ObjectInfo object : after.objects().values()) {
      if (!before.objects().containsKey(object.key())) {
        footer(object).partitions().forEach(part -> touched.add(part.partition()));
      }
    }
    for (String key : before.objects().keySet()) {
      if (!after.objects().containsKey(key)) {
        Footer gone = footers.remove(key);
        if (gone != null) {
          gone.partitions().forEach(part -> touched.add(part.partition()));
        }
      }
    }
    for (Topic topic : after.topics().values()) {
      for (int p = 0; p < topic.partitions().size(); p++) {
        PartitionId id = new PartitionId(topic.id(), p);
        if (touched.contains(id)) {
          check(after, id, topic.partitions().get(p));
        }
      }
    }
  }

  /** One past the last offset that listed objects hold. */
  long publishedEnd(MetadataImage image, PartitionId id) {
    return parts(image, id).stream().mapToLong(PartitionFooter::endOffset).max().orElse(0);
  }

  private void check(MetadataImage image, PartitionId id, Partition partition) {
    long due = -1;
    List<PartitionFooter> parts = parts(image, id);
    for (PartitionFooter part : parts) {
      if (due >= 0 && part.baseOffset() < due) {
        throw new Violation(
            "I3: at entry %d two objects hold %s from %d to %d"
                .formatted(image.entryNumber(), id, part.baseOffset(), due));
      }
      long from = due < 0 ? 0 : due;
      if (part.baseOffset() > from && part.baseOffset() > partition.logStart()) {
        throw new Violation(
            "I8/E8: at entry %d no object holds %s from %d to %d; it starts at %d"
                .formatted(image.entryNumber(), id, from, part.baseOffset(), partition.logStart()));
      }
      long offsets = part.endOffset() - part.baseOffset();
      if (part.recordCount() != offsets && !(part.isCompacted() && part.recordCount() < offsets)) {
        throw new Violation("I3: an object holds %s: %s".formatted(id, part));
      }
      due = part.endOffset();
    }
    if (parts.stream().anyMatch(PartitionFooter::isCompacted)) {
      new CompactionTruth(id, partition.logStart(), truth.batches(id))
          .check(parts, part -> store.body(holder(image, part)));
    }
    long before = publishedEnds.getOrDefault(id, 0L);
    if (due < before && before > partition.logStart()) {
      throw new Violation(
          "I7/E8: at entry %d objects hold %s up to %d, before they held it up to %d; it starts at %d"
              .formatted(image.entryNumber(), id, due, before, partition.logStart()));
    }
    publishedEnds.put(id, Math.max(due, before));
    if (due > truth.end(id)) {
      throw new Violation(
          "I2: %s is published to %d, its log ends at %d".formatted(id, due, truth.end(id)));
    }
  }

  private String holder(MetadataImage image, PartitionFooter part) {
    return image.objects().values().stream()
        .filter(object -> object.mayHold(part.partition()))
        .filter(object -> footer(object).partitions().contains(part))
        .map(ObjectInfo::key)
        .findFirst()
        .orElseThrow();
  }

  private List<PartitionFooter> parts(MetadataImage image, PartitionId id) {
    List<PartitionFooter> parts = new ArrayList<>();
    for (ObjectInfo object : image.objects().values()) {
      if (object.mayHold(id)) {
        parts.addAll(footer(object).of(id));
      }
    }
    parts.sort(Comparator.comparingLong(PartitionFooter::baseOffset));
    return parts;
  }

  private Footer footer(ObjectInfo object) {
    return footers.computeIfAbsent(
        object.key(),
        key -> {
          ByteBuffer body = store.body(key);
          if (body.remaining() != object.sizeBytes()) {
            throw new Violation(
                "I8: %s is listed with %d bytes; there are %d"
                    .formatted(key, object.sizeBytes(), body.remaining()));
          }
          return FooterCodec.decode(
              key, body.slice((int) object.footerPosition(), object.footerBytes()));
        });
  }
}
