package io.millrace.storage.recovery;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A log that was durable is damaged. The message names file, partitions and offsets; nothing was
 * changed.
 */
public final class WalCorruptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Optional<Place> place;

  /** Where in a file what is whole ends. */
  record Place(Path file, long position) {}

  public WalCorruptException(String message) {
    super(message);
    this.place = Optional.empty();
  }

  WalCorruptException(String message, Place place) {
    super(message);
    this.place = Optional.of(place);
  }

  /** Empty if it is not known, or not in a file. */
  Optional<Place> place() {
    return place;
  }
}
