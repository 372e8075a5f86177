package io.millrace.storage.object;

import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Decides which objects to merge. First what costs nothing (objects of which nothing is left), then
 * level 0 when its backlog is large or wanted, that of ended brokers first, oldest first; then
 * shared objects of which most is dead, or of which too many have piled up.
 */
final class MergePlanner {
  private final WriterId self;
  private final MergeSettings settings;
  private final MergeSetbacks setbacks;

  /** Keys of objects of level 0 that are to be merged whatever the backlog. */
  private final Set<String> wanted = new HashSet<>();

  MergePlanner(WriterId self, MergeSettings settings, MergeSetbacks setbacks) {
    this.self = self;
    this.settings = settings;
    this.setbacks = setbacks;
  }

  /** What of level 0 is to be merged here is, however little. */
  void wantLevelZero(MetadataImage image) {
    image.objects().values().stream()
        .filter(object -> object.level() == 0 && isMine(image, object.writer()))
        .forEach(object -> wanted.add(object.key()));
  }

  /** This object of level 0 is to be merged whatever the backlog. */
  void want(ObjectInfo object) {
    wanted.add(object.key());
  }

  /**
   * @param mostlyDead a shared object above level 0 of which most is dead, if there is one
   */
  Optional<MergePlan> plan(MetadataImage image, Optional<ObjectInfo> mostlyDead) {
    return dead(image)
        .or(() -> backlog(image))
        .or(() -> mostlyDead.map(object -> new MergePlan(List.of(object), object.level())))
        .or(() -> pileUp(image));
  }

  /** Shared objects above level 0 that are to be merged here if most of them is dead. */
  List<ObjectInfo> shared(MetadataImage image) {
    return image.isLowestLive(self)
        ? image.objects().values().stream()
            .filter(o -> o.level() > 0 && !o.ofOnePartition() && setbacks.mayMerge(o))
            .toList()
        : List.of();
  }

  /** Objects of level 0 that are to be merged here. */
  List<ObjectInfo> levelZero(MetadataImage image) {
    return image.objects().values().stream()
        .filter(o -> o.level() == 0 && isMine(image, o.writer()) && setbacks.mayMerge(o))
        .toList();
  }

  /**
   * Offsets below are dropped by a merge: below the log start, and covered by the checkpoint.
   * Everything if the topic is gone.
   */
  static long dropBelow(MetadataImage image, PartitionId id) {
    Partition partition = image.partition(id);
    return partition == null
        ? Long.MAX_VALUE
        : Math.min(partition.logStart(), partition.checkpoint().map(Checkpoint::end).orElse(0L));
  }

  private Optional<MergePlan> dead(MetadataImage image) {
    boolean lowest = image.isLowestLive(self);
    List<ObjectInfo> dead =
        image.objects().values().stream()
            .filter(o -> o.level() > 0 ? lowest : isMine(image, o.writer()))
            .filter(o -> o.ofOnePartition() && o.endOffset() <= dropBelow(image, o.first()))
            .filter(setbacks::mayDrop)
            .limit(settings.sharedObjectsMax())
            .toList();
    return dead.isEmpty() ? Optional.empty() : Optional.of(MergePlan.ofDead(setbacks.apart(dead)));
  }

  private Optional<MergePlan> backlog(MetadataImage image) {
    List<ObjectInfo> levelZero = new ArrayList<>(levelZero(image));
    long backlog = levelZero.stream().mapToLong(ObjectInfo::sizeBytes).sum();
    wanted.retainAll(levelZero.stream().map(ObjectInfo::key).collect(Collectors.toSet()));
    if (wanted.isEmpty()
        && backlog < settings.backlogBytesStart()
        && levelZero.size() < settings.backlogObjectsStart()) {
      return Optional.empty();
    }
    if (levelZero.isEmpty()) {
      return Optional.empty();
    }
    levelZero.sort(
        // those of the dead first: no more come, while its own may come faster than they are merged
        Comparator.comparing((ObjectInfo o) -> image.isRegistered(o.writer()))
            .thenComparingLong(o -> brokerEpoch(image, o.writer()))
            .thenComparingLong(o -> Keys.number(o.key())));
    return Optional.of(new MergePlan(setbacks.apart(first(levelZero)), 1));
  }

  private Optional<MergePlan> pileUp(MetadataImage image) {
    if (!image.isLowestLive(self)) {
      return Optional.empty();
    }
    Map<Integer, List<ObjectInfo>> byLevel = new TreeMap<>();
    for (ObjectInfo object : image.objects().values()) {
      if (!pilesUp(object) || !setbacks.mayMerge(object)) {
        continue;
      }
      byLevel.computeIfAbsent(object.level(), _ -> new ArrayList<>()).add(object);
    }
    for (Map.Entry<Integer, List<ObjectInfo>> level : byLevel.entrySet()) {
      if (level.getKey() < settings.levelMax()
          && level.getValue().size() > settings.sharedObjectsMax()) {
        level
            .getValue()
            .sort(
                Comparator.comparingLong((ObjectInfo o) -> brokerEpoch(image, o.writer()))
                    .thenComparingLong(o -> Keys.number(o.key())));
        List<ObjectInfo> oldest = level.getValue().subList(0, settings.sharedObjectsMax());
        return Optional.of(new MergePlan(setbacks.apart(List.copyOf(oldest)), level.getKey() + 1));
      }
    }
    return Optional.empty();
  }

  /** Shared, or too small for one partition to keep: there would be ever more of them. */
  private boolean pilesUp(ObjectInfo object) {
    return object.level() > 0
        && (!object.ofOnePartition() || object.sizeBytes() < settings.ownObjectBytesMin());
  }

  private List<ObjectInfo> first(List<ObjectInfo> oldestFirst) {
    List<ObjectInfo> taken = new ArrayList<>();
    long bytes = 0;
    for (ObjectInfo object : oldestFirst) {
      if (taken.size() == settings.inputObjectsMax()
          || (!taken.isEmpty() && bytes + object.sizeBytes() > settings.inputBytesMax())) {
        break;
      }
      taken.add(object);
      bytes += object.sizeBytes();
    }
    return List.copyOf(taken);
  }

  /** Its own log, and the scribe those of the dead. */
  private boolean isMine(MetadataImage image, WriterId writer) {
    Incarnation incarnation = image.incarnations().get(writer);
    boolean lives = incarnation != null && incarnation.state() == IncarnationState.REGISTERED;
    return writer.equals(self) || (!lives && image.isLowestLive(self));
  }

  private static long brokerEpoch(MetadataImage image, WriterId writer) {
    Incarnation incarnation = image.incarnations().get(writer);
    return incarnation == null ? 0 : incarnation.brokerEpoch();
  }
}
