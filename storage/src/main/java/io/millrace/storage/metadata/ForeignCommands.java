package io.millrace.storage.metadata;

import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Commands that other brokers handed to this one as the scribe, in order of arrival; those of one
 * request go into one entry. Nothing depends on this broker keeping them: their issuers do. Owned
 * by the metadata loop, but for {@link #admit}.
 */
final class ForeignCommands {
  private static final int WAITING_BYTES_MAX = 4 << 20;
  private static final int ENTRY_BYTES_WANTED = 1 << 20;
  private static final int COMMAND_BYTES_MIN = 64;

  private final ArrayDeque<Request> waiting = new ArrayDeque<>();
  private final AtomicInteger waitingBytes = new AtomicInteger();
  private int composed;

  /** One asker's commands; {@code voidReasons} as last composed. */
  static final class Request {
    final long askersEntryNumber;
    final List<Command> commands;
    final int bytes;
    final CompletableFuture<Scribe.Answer.Committed> answer = new CompletableFuture<>();
    private final List<Optional<String>> voidReasons = new ArrayList<>();

    Request(long askersEntryNumber, List<Command> commands) {
      this.askersEntryNumber = askersEntryNumber;
      this.commands = List.copyOf(commands);
      this.bytes =
          COMMAND_BYTES_MIN
              + commands.stream()
                  .mapToInt(c -> COMMAND_BYTES_MIN + RecordCodec.encode(c.record()).length)
                  .sum();
    }
  }

  /** False if there is no room for the request; any thread may ask. */
  boolean admit(Request request) {
    if (request.commands.size() > Command.UNSETTLED_MAX) {
      return false;
    }
    if (waitingBytes.addAndGet(request.bytes) > WAITING_BYTES_MAX) {
      waitingBytes.addAndGet(-request.bytes);
      return false;
    }
    request.answer.whenComplete((_, _) -> waitingBytes.addAndGet(-request.bytes));
    return true;
  }

  void add(Request admitted) {
    waiting.add(admitted);
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /**
   * Applies the first requests to the draft. A command that the image shows applied already stands.
   *
   * @param image below the draft
   * @param entry receives the commands to put
   * @return whether a command is void
   */
  boolean compose(MetadataImage image, ImageDraft draft, List<Command> entry) {
    composed = 0;
    int bytes = 0;
    boolean anyVoid = false;
    for (Request request : waiting) {
      if (bytes > ENTRY_BYTES_WANTED) {
        break;
      }
      composed++;
      bytes += request.bytes;
      request.voidReasons.clear();
      for (Command command : request.commands) {
        boolean stands = image.hasApplied(command);
        Optional<String> reason =
            stands ? Optional.empty() : Optional.ofNullable(draft.apply(command));
        if (!stands && reason.isEmpty()) {
          entry.add(command);
        }
        anyVoid |= reason.isPresent();
        request.voidReasons.add(reason);
      }
    }
    return anyVoid;
  }

  /**
   * Answers the requests composed last: the image shows the entry they are in, or is the newest and
   * all of them were void or applied before.
   */
  void answer(RecentEntries recent) {
    List<Request> answered = new ArrayList<>();
    for (; composed > 0; composed--) {
      answered.add(waiting.removeFirst());
    }
    answered.forEach(r ->
        r.answer.complete(
            new Scribe.Answer.Committed(
                List.copyOf(r.voidReasons), recent.after(r.askersEntryNumber))));
  }

  void fail(IncarnationEndedException cause) {
    List<Request> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(request -> request.answer.completeExceptionally(cause));
  }
}
