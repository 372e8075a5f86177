package io.millrace.storage.object;

/**
 * When to merge and how much at once.
 *
 * @param backlogBytesStart bytes of level 0 at which its oldest objects are merged
 * @param backlogObjectsStart objects of level 0 at which the same happens, however small they are
 * @param inputBytesMax bytes of the objects one merge takes (the first is taken whatever its size)
 * @param inputObjectsMax objects that one merge takes
 * @param objectBytesMax size at which an output object ends
 * @param ownObjectBytesMin a partition with this many bytes in a merge gets objects of its own
 * @param sharedObjectsMax shared objects of one level that are left alone; more are merged into the
 *     next
 * @param levelMax highest level
 */
public record MergeSettings(
    long backlogBytesStart,
    int backlogObjectsStart,
    long inputBytesMax,
    int inputObjectsMax,
    long objectBytesMax,
    long ownObjectBytesMin,
    int sharedObjectsMax,
    int levelMax) {
  private static final int BACKLOG_OBJECTS = 256;
  private static final int INPUT_OBJECTS = 512;

  public MergeSettings {
    if (backlogBytesStart <= 0
        || inputBytesMax <= 0
        || objectBytesMax <= 0
        || ownObjectBytesMin <= 0) {
      throw new IllegalArgumentException("merge sizes must be positive");
    }
    if (backlogObjectsStart < 1 || inputObjectsMax < 1) {
      throw new IllegalArgumentException("a merge takes at least one object");
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
    return new MergeSettings(
        start, BACKLOG_OBJECTS, Math.max(1, start / 2), INPUT_OBJECTS, 256L << 20, 1 << 20, 8, 4);
  }
}
