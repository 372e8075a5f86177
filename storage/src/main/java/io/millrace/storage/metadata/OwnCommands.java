package io.millrace.storage.metadata;

import static java.util.Objects.requireNonNull;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The commands of this incarnation that wait, in order. One that was handed to the scribe keeps its
 * number until the image shows a command under it: its own, or a no-op once it was void on the
 * newest image. So it counts at most once and never after a later one. Numbers of others are given
 * anew with each entry, which is safe as nobody else was handed them. Owned by the metadata loop.
 */
final class OwnCommands {
  /** Leaves room for commands of others in the same entry. */
  private static final int ENTRY_BYTES_WANTED = 1 << 19;

  private final WriterId writer;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

  OwnCommands(WriterId writer) {
    this.writer = writer;
  }

  /** One command and what is known of it. */
  static final class Waiting {
    final MetadataRecord record;
    final int recordBytes;
    final CompletableFuture<Outcome> outcome;

    /** As it was last put or handed over; null if its fate does not depend on that any more. */
    @Nullable Command command;

    boolean handedOver;

    /** On the newest image, when a no-op was first put under its number. */
    @Nullable String voidReason;

    Waiting(MetadataRecord record, int recordBytes, CompletableFuture<Outcome> outcome) {
      this.record = record;
      this.recordBytes = recordBytes;
      this.outcome = outcome;
    }
  }

  /**
   * What can be put in the next entry.
   *
   * @param commands numbered from the image's next one on
   * @param wantsFresh a command is void; whether it stays so, only the newest image says
   */
  record Composed(List<Command> commands, boolean wantsFresh) {}

  void add(MetadataRecord record, CompletableFuture<Outcome> outcome) {
    int recordBytes = RecordCodec.encode(record).length;
    if (recordBytes > EntryCodec.BYTES_MAX / 2) {
      outcome.completeExceptionally(
          new IllegalArgumentException("a metadata record is larger than half an entry may be"));
      return;
    }
    waiting.add(new Waiting(record, recordBytes, outcome));
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** Whether the fate of a command depends on what the scribe was handed. */
  boolean anyHandedOver() {
    return !waiting.isEmpty() && waiting.getFirst().handedOver;
  }

  /**
   * Applies the first commands to the draft, which has none of ours yet, up to one that is void
   * because of those before it: that is judged when they are settled. One that is void at the head
   * is done with if the image is fresh.
   *
   * @param fresh the image was read to the tip just now
   */
  Composed compose(MetadataImage image, ImageDraft draft, boolean fresh) {
    List<Command> commands = new ArrayList<>();
    boolean atHead = true;
    int bytes = 0;
    Iterator<Waiting> rest = waiting.iterator();
    while (rest.hasNext()
        && commands.size() < Command.UNSETTLED_MAX
        && bytes <= ENTRY_BYTES_WANTED) {
      Waiting next = rest.next();
      Command command = new Command(writer, draft.nextCommand(writer), next.record);
      String reason = draft.apply(command);
      if (reason == null) {
        atHead = false;
        next.command = command;
        commands.add(command);
        bytes += next.recordBytes;
      } else if (!atHead) {
        break;
      } else if (!fresh) {
        return new Composed(commands, true);
      } else if (next.handedOver) {
        next.voidReason = reason;
        Command given = new Command(writer, command.number(), new NoOp());
        draft.apply(given);
        commands.add(given);
      } else {
        rest.remove();
        next.outcome.complete(new Outcome.Voided(reason, image));
      }
    }
    return new Composed(commands, false);
  }

  /**
   * The first so many are in the hands of another broker now; returns those that were not before.
   */
  List<Waiting> handOver(int count) {
    List<Waiting> fresh = new ArrayList<>();
    waiting.stream().limit(count).filter(each -> !each.handedOver).forEach(fresh::add);
    fresh.forEach(each -> each.handedOver = true);
    return fresh;
  }

  /** They were not handed over after all. */
  void takeBack(List<Waiting> fresh) {
    fresh.forEach(each -> each.handedOver = false);
  }

  /**
   * The image may show what became of the first ones. One that shows this incarnation recovered
   * keeps no hashes of its commands, so it tells nothing, and only the end of all is left.
   */
  void settle(MetadataImage image) {
    if (image.recoveredEnd(writer).isPresent()) {
      return;
    }
    while (!waiting.isEmpty()) {
      Waiting first = waiting.getFirst();
      Command command = first.command;
      if (command == null || !image.hasNumber(command)) {
        break;
      }
      boolean applied = image.hasApplied(command);
      if (!applied && !first.handedOver) {
        break;
      }
      Outcome outcome =
          applied
              ? new Outcome.Applied(image)
              : new Outcome.Voided(requireNonNull(first.voidReason), image);
      waiting.removeFirst();
      first.outcome.complete(outcome);
    }
    for (Waiting rest : waiting) {
      if (rest.command == null) {
        break;
      }
      rest.command = rest.handedOver ? rest.command : null;
    }
  }

  void fail(IncarnationEndedException cause) {
    List<Waiting> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(each -> each.outcome.completeExceptionally(cause));
  }
}
