package io.millrace.storage.object;

import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.Run;
import java.util.List;

/**
 * Consecutive runs of one partition in an object that are loaded as one block, laid end to end.
 * Which runs form a stretch follows from the footer alone.
 */
record Stretch(List<Run> runs, int bytes) {
  static final int BYTES_MAX = 4 << 20;

  /** In a WAL file runs lie apart and each is a read of its own. */
  static final int RUNS_MAX = 64;

  /**
   * The stretch with the run that holds {@code offset}, or else the first above it; {@code offset}
   * must be below the end.
   */
  static Stretch at(PartitionFooter footer, long offset) {
    List<Run> runs = footer.runs();
    int from = 0;
    while (true) {
      int to = from;
      int bytes = 0;
      while (to < runs.size()
          && to - from < RUNS_MAX
          && (to == from || bytes <= BYTES_MAX - runs.get(to).bytes())) {
        bytes += runs.get(to).bytes();
        to++;
      }
      if (to == from) {
        throw new IllegalArgumentException(
            "offset %d of %s is not below %d"
                .formatted(offset, footer.partition(), footer.endOffset()));
      }
      if (runs.get(to - 1).endOffset() > offset) {
        return new Stretch(runs.subList(from, to), bytes);
      }
      from = to;
    }
  }

  /** Where in the block the run begins that holds {@code offset}, or else the first above it. */
  int startOf(long offset) {
    int at = 0;
    for (Run run : runs) {
      if (run.endOffset() > offset) {
        return at;
      }
      at += run.bytes();
    }
    throw new IllegalArgumentException("offset %d is above the stretch".formatted(offset));
  }
}
