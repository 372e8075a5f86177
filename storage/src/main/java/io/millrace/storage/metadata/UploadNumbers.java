package io.millrace.storage.metadata;

import java.util.TreeSet;

/**
 * Hands out the counters in the names of the objects one incarnation uploads and knows their floor
 * (invariant I8): every lower counter is listed, named by a stored boundary, or given up for ever.
 * Any thread may call.
 */
public final class UploadNumbers {
  private final TreeSet<Long> open = new TreeSet<>();
  private long next;

  /** A counter never handed out before; {@link #settle} it. */
  public synchronized long begin() {
    open.add(next);
    return next++;
  }

  /**
   * The object of this counter is listed in the image, named by a stored boundary, or nobody will
   * ever list it.
   */
  public synchronized void settle(long counter) {
    if (!open.remove(counter)) {
      throw new IllegalStateException("counter " + counter + " is not open");
    }
  }

  public synchronized long floor() {
    return open.isEmpty() ? next : open.first();
  }

  /** Tells collectors how far the floor has risen, if it has. */
  public void commitFloor(MetadataLog log) {
    MetadataImage.Incarnation own = log.image().incarnations().get(log.writer());
    long risen = floor();
    if (own != null && risen > own.uploadFloor()) {
      log.submit(new MetadataRecord.UploadFloorMoved(log.writer(), risen));
    }
  }
}
