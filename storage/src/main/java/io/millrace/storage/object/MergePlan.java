package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.List;
import java.util.Map;

/**
 * What to merge next.
 *
 * @param inputs whole objects
 * @param outputLevel of the objects made from them
 * @param dead whether nothing is left of the inputs, so that there are no outputs
 * @param compactions partitions that are compacted on the way; of each the inputs hold all offsets
 *     from the log start to the end of its compaction
 */
record MergePlan(
    List<ObjectInfo> inputs,
    int outputLevel,
    boolean dead,
    Map<PartitionId, Compaction> compactions) {
  MergePlan(List<ObjectInfo> inputs, int outputLevel) {
    this(inputs, outputLevel, false, Map.of());
  }

  static MergePlan ofDead(List<ObjectInfo> inputs) {
    return new MergePlan(inputs, 1, true, Map.of());
  }

  /**
   * How far a partition is compacted.
   *
   * @param dirtyFrom what lies below was compacted before
   * @param end what lies above is left alone
   * @param markersEnd where the markers end of all transactions with batches below the end
   * @param nowMs wall time
   * @param keyBytesMax memory for keys
   */
  record Compaction(
      long dirtyFrom,
      long end,
      long markersEnd,
      long nowMs,
      long deleteRetentionMs,
      long keyBytesMax) {}
}
