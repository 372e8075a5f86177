package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which listed objects may hold offsets of a partition, without going through all of them: a tree
 * of key ranges from (first partition, first offset) to (last partition, end offset). Immutable;
 * built once per set of objects.
 */
final class ObjectIndex {
  private final MetadataImage image;

  /** By begin of the range; the middle of a stretch is the root of its subtree. */
  private final ObjectInfo[] ranges;

  /** For each root the object of its subtree whose range ends last. */
  private final ObjectInfo[] lastEnd;

  private ObjectIndex(MetadataImage image) {
    this.image = image;
    this.ranges =
        image.objects().values().stream()
            .sorted(
                Comparator.comparing(ObjectInfo::first).thenComparingLong(ObjectInfo::firstOffset))
            .toArray(ObjectInfo[]::new);
    this.lastEnd = new ObjectInfo[ranges.length];
    if (ranges.length > 0) {
      fill(0, ranges.length);
    }
  }

  static ObjectIndex of(MetadataImage image) {
    return new ObjectIndex(image);
  }

  /** This index if the image lists the same objects, else a new one. */
  ObjectIndex at(MetadataImage image) {
    return image.sameObjects(this.image) ? this : of(image);
  }

  /**
   * Objects whose range overlaps offsets [{@code from}, {@code to}) of the partition; their footers
   * decide. Higher levels first.
   */
  List<ObjectInfo> overlapping(PartitionId id, long from, long to) {
    List<ObjectInfo> found = new ArrayList<>();
    collect(id, from, to, 0, ranges.length, found);
    found.sort(
        Comparator.comparingInt(ObjectInfo::level)
            .reversed()
            .thenComparing(object -> !object.ofOnePartition())
            .thenComparing(ObjectInfo::key));
    return found;
  }

  private ObjectInfo fill(int from, int to) {
    int middle = (from + to) >>> 1;
    ObjectInfo last = ranges[middle];
    if (from < middle) {
      last = laterEnd(last, fill(from, middle));
    }
    if (middle + 1 < to) {
      last = laterEnd(last, fill(middle + 1, to));
    }
    lastEnd[middle] = last;
    return last;
  }

  private void collect(
      PartitionId id, long from, long to, int low, int high, List<ObjectInfo> found) {
    if (low >= high) {
      return;
    }
    int middle = (low + high) >>> 1;
    if (!endsAbove(lastEnd[middle], id, from)) {
      return;
    }
    collect(id, from, to, low, middle, found);
    if (beginsBelow(ranges[middle], id, to)) {
      if (endsAbove(ranges[middle], id, from)) {
        found.add(ranges[middle]);
      }
      collect(id, from, to, middle + 1, high, found);
    }
  }

  private static boolean beginsBelow(ObjectInfo object, PartitionId id, long offset) {
    int c = object.first().compareTo(id);
    return c < 0 || (c == 0 && object.firstOffset() < offset);
  }

  private static boolean endsAbove(ObjectInfo object, PartitionId id, long offset) {
    int c = object.last().compareTo(id);
    return c > 0 || (c == 0 && object.endOffset() > offset);
  }

  private static ObjectInfo laterEnd(ObjectInfo a, ObjectInfo b) {
    return endsAbove(b, a.last(), a.endOffset()) ? b : a;
  }
}
