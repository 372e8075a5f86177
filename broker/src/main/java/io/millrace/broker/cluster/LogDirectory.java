package io.millrace.broker.cluster;

import io.millrace.runtime.Disk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * The place a broker keeps its log in, as Kafka's tools see it.
 *
 * @param name a path, or the location of a shared store
 * @param space asks the volume; may block
 */
public record LogDirectory(String name, Supplier<Space> space) {
  /** Bytes of the volume; -1 where that is not known, as Kafka answers it. */
  public record Space(long totalBytes, long usableBytes) {
    /** Nobody knows how much more a bucket takes. */
    public static final Space UNKNOWN = new Space(-1, -1);
  }

  /** A folder on a volume of this machine. */
  public static LogDirectory folder(Disk disk, Path folder) {
    return new LogDirectory(folder.toAbsolutePath().toString(), () -> space(disk, folder));
  }

  /** A store that several brokers share. */
  public static LogDirectory sharedStore(String location) {
    return new LogDirectory(location, () -> Space.UNKNOWN);
  }

  private static Space space(Disk disk, Path folder) {
    try {
      return new Space(disk.totalBytes(folder), disk.freeBytes(folder));
    } catch (IOException e) {
      return Space.UNKNOWN;
    }
  }
}
