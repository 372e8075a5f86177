package io.millrace.storage.object;

/**
 * When to merge and how much at once.
 *
 * @param backlogBytesStart bytes of level 0 at which its oldest objects are merged
 * @param inputBytesMax bytes of the objects one merge takes (the first is taken whatever its size)
 * @param objectBytesMax size at which an output object ends
 * @param ownObjectBytesMin a partition with this many bytes in a merge gets objects of its own
 * @param sharedObjectsMax shared objects of one level that are left alone; more are merged into the
 *     next
 * @param levelMax highest level
 */
public record MergeSettings(
    long backlogBytesStart,
    long inputBytesMax,
    long objectBytesMax,
    long ownObjectBytesMin,
    int sharedObjectsMax,
    int levelMax) {

  public MergeSettings {
    if (backlogBytesStart <= 0
        || inputBytesMax <= 0
        || objectBytesMax <= 0
        || ownObjectBytesMin <= 0) {
      throw new IllegalArgumentException("merge sizes must be positive");
    }
    if (sharedObjectsMax < 2 || levelMax < 1) {
      throw new IllegalArgumentException("at least two shared objects a level and one level");
    }
  }

  /**
   * @param backlogBytesMax wal.backlog.bytes.max; merging begins well below it, so that it is a
   *     limit and not the normal state
   */
  public static MergeSettings of(long backlogBytesMax) {
    long start = Math.max(1, backlogBytesMax / 2);
    return new MergeSettings(start, Math.max(1, start / 2), 256L << 20, 1 << 20, 8, 4);
  }
}
