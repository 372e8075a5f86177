package io.millrace.storage.metadata;

/**
 * How often the image is written as a snapshot.
 *
 * @param entries entries between two boundaries, at least
 */
public record BoundarySpacing(int entries) {
  /** Few enough to read at start, many enough that snapshots cost little beside them. */
  public static final BoundarySpacing NORMAL = new BoundarySpacing(512);

  /** Time between two boundaries, as a multiple of what the last snapshot took to write. */
  static final int SNAPSHOT_TIMES = 4;

  public BoundarySpacing {
    if (entries < 1) {
      throw new IllegalArgumentException("entries between boundaries: " + entries);
    }
  }
}
