package io.millrace.storage.object;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Finds objects of which most is dead, by their footers, one after the other: there may be more of
 * them than the cache holds. On the merge's loop.
 */
final class DeadShare {
  private final FooterCache footers;
  private final EventLoop loop;

  DeadShare(FooterCache footers, EventLoop loop) {
    this.footers = footers;
    this.loop = loop;
  }

  /** The first so many of which more than half is dead. One that is damaged is not judged. */
  CompletableFuture<List<ObjectInfo>> mostlyDead(
      MetadataImage image, List<ObjectInfo> objects, int max) {
    Iterator<ObjectInfo> left = objects.iterator();
    List<ObjectInfo> found = new ArrayList<>();
    return LoopSteps.repeat(
            loop,
            () ->
                left.hasNext() && found.size() < max
                    ? judge(image, left.next(), found)
                    : CompletableFuture.completedFuture(false))
        .thenApply(_ -> found);
  }

  private CompletableFuture<Boolean> judge(
      MetadataImage image, ObjectInfo object, List<ObjectInfo> found) {
    return footers
        .get(object)
        .thenApplyAsync(
            footer -> {
              if (isMostlyDead(image, footer)) {
                found.add(object);
              }
              return true;
            },
            loop)
        .exceptionallyCompose(failure ->
            FailureCause.of(failure) instanceof ObjectCorruptException
                ? CompletableFuture.completedFuture(true)
                : CompletableFuture.failedFuture(failure));
  }

  private static boolean isMostlyDead(MetadataImage image, Footer footer) {
    long bytes = 0;
    long dead = 0;
    for (PartitionFooter p : footer.partitions()) {
      bytes += p.bytes();
      dead += p.endOffset() <= MergePlanner.dropBelow(image, p.partition()) ? p.bytes() : 0;
    }
    return dead * 2 > bytes;
  }
}
