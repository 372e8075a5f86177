package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What merges have met damage in, so that one damaged object does not keep all others from being
 * merged. Which of the inputs it was is found by merging each alone; one that fails alone, twice,
 * is left as it is for as long as it is listed. Once is not enough: it may have been the output. On
 * the merge's loop.
 */
final class MergeSetbacks {
  private static final Logger LOG = LoggerFactory.getLogger(MergeSetbacks.class);

  private final Set<String> suspects = new HashSet<>();
  private final Map<String, Integer> failedAlone = new HashMap<>();
  private final Set<String> damaged = new HashSet<>();

  /** Damaged objects of which nothing is left, and that could not be dropped either. */
  private final Set<String> undroppable = new HashSet<>();

  /** Inputs with which the compaction of a partition failed, and how often. */
  private final Map<PartitionId, Failed> uncompacted = new HashMap<>();

  private record Failed(Set<String> inputs, int times) {
    Failed plus(Failed later) {
      return new Failed(later.inputs, times + later.times);
    }
  }

  /** A merge met damage. */
  void onDamage(MergePlan plan) {
    Set<String> keys =
        plan.inputs().stream().map(ObjectInfo::key).collect(Collectors.toUnmodifiableSet());
    if (!plan.compactions().isEmpty()) {
      plan.compactions()
          .keySet()
          .forEach(id -> uncompacted.merge(id, new Failed(keys, 1), Failed::plus));
      return;
    }
    suspects.addAll(keys);
    if (keys.size() == 1 && failedAlone.merge(keys.iterator().next(), 1, Integer::sum) > 1) {
      LOG.error(
          "{} is damaged and stays as it is; what is not damaged of it is served",
          plan.inputs().getFirst().key());
      (plan.dead() ? undroppable : damaged).addAll(keys);
    }
  }

  /** Forgets what is listed no more. */
  void onImage(MetadataImage image) {
    Set<String> listed = image.objects().keySet();
    suspects.retainAll(listed);
    failedAlone.keySet().retainAll(listed);
    damaged.retainAll(listed);
    undroppable.retainAll(listed);
    uncompacted.values().removeIf(failed -> !listed.containsAll(failed.inputs()));
  }

  boolean mayMerge(ObjectInfo object) {
    return !damaged.contains(object.key());
  }

  boolean mayDrop(ObjectInfo object) {
    return !undroppable.contains(object.key());
  }

  /** Whether it has not failed twice, with inputs that are listed still. */
  boolean mayCompact(PartitionId id) {
    Failed failed = uncompacted.get(id);
    return failed == null || failed.times() < 2;
  }

  /** Whether it failed, perhaps by the fault of another that was compacted with it. */
  boolean mustBeAlone(PartitionId id) {
    return uncompacted.containsKey(id);
  }

  /** What to merge of these: a suspect by itself. */
  List<ObjectInfo> apart(List<ObjectInfo> inputs) {
    return inputs.stream()
        .filter(object -> suspects.contains(object.key()))
        .findFirst()
        .map(List::of)
        .orElse(inputs);
  }
}
