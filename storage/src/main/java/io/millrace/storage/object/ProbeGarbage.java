package io.millrace.storage.object;

import io.millrace.objectstore.StoreProbe;
import io.millrace.runtime.Clock;
import io.millrace.storage.Keys;
import io.millrace.storage.metadata.MetadataImage;
import java.util.HashMap;
import java.util.Map;

/**
 * Which objects are left over from probes. An incarnation registers when its probe has ended, so
 * what is named after one that the image knows is left over. Of a newcomer that the image does not
 * know, its probe may be under way: such an object has to be seen for much longer than a probe
 * trusts its own findings. Owned by the collector's loop.
 */
final class ProbeGarbage {
  static final long SEEN_NS_MIN = 2 * StoreProbe.UNDISTURBED_NS;

  /** Of more, the others wait until these are gone. */
  private static final int SEEN_MAX = 10_000;

  private final Clock clock;
  private Map<String, Long> seenBefore = new HashMap<>();
  private Map<String, Long> seen = new HashMap<>();

  ProbeGarbage(Clock clock) {
    this.clock = clock;
  }

  /** What is not seen again in the round that begins now is gone. */
  void beginRound() {
    seenBefore = seen;
    seen = new HashMap<>();
  }

  /** The key of an object, or of an unfinished put. */
  boolean isLeftOver(String key, MetadataImage image) {
    if (image.knows(Keys.writer(key))) {
      return true;
    }
    long nowNs = clock.monotonicNs();
    long sinceNs = seenBefore.getOrDefault(key, nowNs);
    if (seen.size() < SEEN_MAX) {
      seen.put(key, sinceNs);
    }
    return nowNs - sinceNs >= SEEN_NS_MIN;
  }
}
