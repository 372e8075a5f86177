package io.millrace.storage.recovery;

import io.millrace.storage.object.FooterBuilder;
import java.nio.file.Path;
import java.util.ArrayDeque;

/** What of one WAL file belongs to the log. */
final class AdoptedFile {
  final long counter;
  final Path path;
  final FooterBuilder footer = new FooterBuilder();
  final ArrayDeque<Place> unconfirmed = new ArrayDeque<>();
  long endPosition;

  AdoptedFile(long counter, Path path) {
    this.counter = counter;
    this.path = path;
  }

  /** Where an entry lies that no later one says is durable. */
  record Place(long sequence, long position) {}

  /** Entries up to this one are known durable: only later ones must be written again. */
  void confirm(long durableSequence) {
    Place first;
    while ((first = unconfirmed.peekFirst()) != null && first.sequence() <= durableSequence) {
      unconfirmed.removeFirst();
    }
  }
}
