package io.millrace.storage.object;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one round of the collector may delete: by the image at the boundary, and nothing that the
 * present image lists. Notes whether a boundary at the present image would let more go. Owned by
 * the collector's loop.
 */
final class GarbageRound {
  private final MetadataImage now;
  private final MetadataImage at;
  private final Set<String> listedNow;
  private final Set<String> listed;
  private boolean waits;

  GarbageRound(MetadataImage now, @Nullable CollectorBoundary boundary) {
    this.now = now;
    this.at = boundary == null ? MetadataImage.EMPTY : boundary.image();
    this.listedNow = listed(now);
    this.listed = listed(at);
    listed.addAll(listedNow);
  }

  /** Whether a key may be deleted, if the image is the one at a boundary. */
  interface Rule {
    boolean deletable(String key, MetadataImage image, Set<String> listed);
  }

  boolean allows(Rule rule, String key) {
    boolean deletable = rule.deletable(key, at, listed);
    waits |= !deletable && rule.deletable(key, now, listedNow);
    return deletable;
  }

  MetadataImage now() {
    return now;
  }

  Set<String> listedNow() {
    return listedNow;
  }

  /** Something that was asked for goes only after another boundary. */
  boolean waits() {
    return waits;
  }

  private static Set<String> listed(MetadataImage image) {
    Set<String> listed = new HashSet<>(image.objects().keySet());
    image.topics().values().stream()
        .flatMap(topic -> topic.partitions().stream())
        .forEach(p -> p.checkpoint().ifPresent(c -> listed.add(c.key())));
    return listed;
  }
}
