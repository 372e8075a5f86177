package io.millrace.broker.handler;

import io.millrace.objectstore.location.StoreLocation;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What clients see as the broker's one log directory.
 *
 * @param measured the folder whose file system is asked for its size; none for a bucket
 */
public record LogDirectory(String name, Optional<Path> measured) {
  /** A data folder. */
  public static LogDirectory of(Path folder) {
    return new LogDirectory(folder.toAbsolutePath().toString(), Optional.of(folder));
  }

  /** A shared store. */
  public static LogDirectory of(StoreLocation location) {
    return switch (location) {
      case StoreLocation.Directory(Path path) ->
          new LogDirectory(location.toString(), Optional.of(path));
      case StoreLocation.Bucket _ -> new LogDirectory(location.toString(), Optional.empty());
    };
  }
}
