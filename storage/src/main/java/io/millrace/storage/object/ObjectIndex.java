package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pcollections.PSortedMap;

/**
 * Which listed objects may hold a partition, without going through all of them: objects of one partition by offset, shared ones in a
 * tree of key ranges. Immutable; built once per set of objects.
 */
public final class ObjectIndex {
  private final PSortedMap<String, ObjectInfo> objects;
  private final Map<PartitionId, TreeMap<Long, ObjectInfo>> own = new HashMap<>();
  private final ObjectInfo[] shared;
  private final PartitionId[] lastInSubtree;

  private ObjectIndex(PSortedMap<String, ObjectInfo> objects) {
    this.objects = objects;
    List<ObjectInfo> ranges = new ArrayList<>();
    for (ObjectInfo object : objects.values()) {
      if (object.ofOnePartition()) {
        own.computeIfAbsent(object.first(), _ -> new TreeMap<>()).put(object.firstOffset(), object);
      } else {
        ranges.add(object);
      }
    }
    ranges.sort(Comparator.comparing(ObjectInfo::first).thenComparing(ObjectInfo::key));
    shared = ranges.toArray(ObjectInfo[]::new);
    lastInSubtree = new PartitionId[shared.length];
    if (shared.length > 0) {
      fillLast(0, shared.length);
    }
  }

  public static ObjectIndex of(MetadataImage image) {
    return new ObjectIndex(image.objects());
  }

  /** This index if the image lists the same objects, else a new one. */
  ObjectIndex at(MetadataImage image) {
    return image.objects() == objects ? this : of(image);
  }

  /** The partition's own objects that end above {@code offset}, in offset order. */
  List<ObjectInfo> own(PartitionId id, long offset) {
    TreeMap<Long, ObjectInfo> byOffset = own.get(id);
    if (byOffset == null) {
      return List.of();
    }
    Map.Entry<Long, ObjectInfo> floor = byOffset.floorEntry(offset);
    long from = floor != null && floor.getValue().endOffset() > offset ? floor.getKey() : offset;
    return List.copyOf(byOffset.tailMap(from, true).values());
  }

  /** Objects of several partitions whose key range holds the partition; their footers decide. Higher levels first. */
  List<ObjectInfo> shared(PartitionId id) {
    List<ObjectInfo> found = new ArrayList<>();
    collect(id, 0, shared.length, found);
    found.sort(Comparator.comparingInt(ObjectInfo::level).reversed().thenComparing(ObjectInfo::key));
    return found;
  }

  /** The middle of a stretch is the root of its subtree. */
  private PartitionId fillLast(int from, int to) {
    int middle = (from + to) >>> 1;
    PartitionId last = shared[middle].last();
    if (from < middle) {
      last = max(last, fillLast(from, middle));
    }
    if (middle + 1 < to) {
      last = max(last, fillLast(middle + 1, to));
    }
    lastInSubtree[middle] = last;
    return last;
  }

  private void collect(PartitionId id, int from, int to, List<ObjectInfo> found) {
    if (from >= to) {
      return;
    }
    int middle = (from + to) >>> 1;
    if (lastInSubtree[middle].compareTo(id) < 0) {
      return;
    }
    collect(id, from, middle, found);
    if (shared[middle].first().compareTo(id) <= 0) {
      if (shared[middle].mayHold(id)) {
        found.add(shared[middle]);
      }
      collect(id, middle + 1, to, found);
    }
  }

  private static PartitionId max(PartitionId a, PartitionId b) {
    return a.compareTo(b) >= 0 ? a : b;
  }
}
