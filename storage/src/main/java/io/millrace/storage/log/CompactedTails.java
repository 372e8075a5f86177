package io.millrace.storage.log;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.FooterCache;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Open partitions let go of what of their tails was compacted in objects, whoever did it, so that
 * readers see the compacted log also where the log cache still has what came in.
 */
final class CompactedTails {
  private final FooterCache footers;
  private final OpenPartitions partitions;
  private final EventLoop loop;
  private volatile @Nullable CompactionRules rules;

  CompactedTails(FooterCache footers, OpenPartitions partitions, EventLoop loop) {
    this.footers = footers;
    this.partitions = partitions;
    this.loop = loop;
  }

  /** From now on. */
  void start(CompactionRules given) {
    rules = given;
  }

  /** On the metadata loop, for each image in order. */
  void onImage(MetadataImage before, MetadataImage after) {
    CompactionRules given = rules;
    if (given == null || before.sameObjects(after)) {
      return;
    }
    List<ObjectInfo> merged =
        after.objects().values().stream()
            .filter(object -> object.level() > 0 && !before.objects().containsKey(object.key()))
            .toList();
    if (!merged.isEmpty()) {
      loop.execute(() -> follow(given, after, merged));
    }
  }

  private void follow(CompactionRules given, MetadataImage image, List<ObjectInfo> merged) {
    for (OpenPartition partition : partitions.all()) {
      var id = partition.log().id();
      for (ObjectInfo object : merged) {
        boolean mayHold = object.first().compareTo(id) <= 0 && object.last().compareTo(id) >= 0;
        if (mayHold && given.rule(image, id.topicId()).isPresent()) {
          var _ =
              footers
                  .get(object)
                  .thenAccept(footer ->
                      footer.of(id).stream()
                          .filter(PartitionFooter::isCompacted)
                          .forEach(part -> partition.log().onCompacted(part.compactedTo())));
        }
      }
    }
  }
}
