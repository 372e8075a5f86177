package io.millrace.storage.metadata;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataObjects.Settled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The commands of one incarnation that wait, and the entry that carries the first of them. Decides
 * on image n-1, puts at n, and if another's entry stands there decides again; numbers of commands
 * that did not make it are given to the next ones, which is safe as nobody else was handed them.
 * Owned by the metadata loop, one commit at a time.
 */
final class CommitQueue {
  private static final int ENTRY_BYTES_WANTED = 1 << 20;

  private final WriterId writer;
  private final MetadataObjects objects;
  private final ImageFollower follower;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private List<Decided> inFlight = List.of();

  CommitQueue(WriterId writer, MetadataObjects objects, ImageFollower follower) {
    this.writer = writer;
    this.objects = objects;
    this.follower = follower;
  }

  private record Waiting(MetadataRecord record, CompletableFuture<Outcome> outcome) {}

  /** A command in the entry, or the reason it is void. */
  private record Decided(Waiting waiting, Command command, @Nullable String voidReason) {}

  void add(MetadataRecord record, CompletableFuture<Outcome> outcome) {
    if (RecordCodec.encode(record).length > EntryCodec.BYTES_MAX / 2) {
      outcome.completeExceptionally(
          new IllegalArgumentException("a metadata record is larger than half an entry may be"));
      return;
    }
    waiting.add(new Waiting(record, outcome));
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /**
   * Settles the commands at the head of the queue; at least one unless another's entry came first.
   */
  CompletableFuture<Void> commit() {
    return decide(false);
  }

  /** Completes everything exceptionally. */
  void fail(IncarnationEndedException cause) {
    List<Waiting> all = new ArrayList<>(inFlight.stream().map(Decided::waiting).toList());
    all.addAll(waiting);
    inFlight = List.of();
    waiting.clear();
    all.forEach(each -> each.outcome().completeExceptionally(cause));
  }

  /**
   * @param fresh the image was read to the tip just now; only then is a command called void without
   *     an entry
   */
  private CompletableFuture<Void> decide(boolean fresh) {
    MetadataImage base = follower.image();
    List<Decided> decided = compose(base);
    boolean anyVoid = decided.stream().anyMatch(d -> d.voidReason() != null);
    if (anyVoid && !fresh) {
      return follower.catchUp().thenCompose(_ -> decide(true));
    }
    decided.forEach(_ -> waiting.removeFirst());
    inFlight = decided;
    List<Command> commands =
        decided.stream().filter(d -> d.voidReason() == null).map(Decided::command).toList();
    if (commands.isEmpty()) {
      settle();
      return CompletableFuture.completedFuture(null);
    }
    Entry entry = new Entry(base.entryNumber() + 1, base.entryHash(), writer, commands);
    byte[] bytes = EntryCodec.encode(entry);
    return objects
        .put(Keys.metaEntry(entry.number()), bytes)
        .thenCompose(settled ->
            switch (settled) {
              case Settled.Ours _ ->
                  follower
                      .validate(List.of(new StoredEntry(entry, Hashes.of(bytes))))
                      .thenAccept(_ -> settle());
              case Settled.Theirs _ -> follower.catchUp().thenRun(this::settle);
            });
  }

  private List<Decided> compose(MetadataImage base) {
    ImageDraft draft = new ImageDraft(base);
    List<Decided> decided = new ArrayList<>();
    int accepted = 0;
    int bytes = 0;
    for (Waiting each : waiting) {
      if (accepted == Command.UNSETTLED_MAX || bytes > ENTRY_BYTES_WANTED) {
        break;
      }
      Command command = new Command(writer, draft.nextCommand(writer), each.record());
      String reason = draft.apply(command);
      decided.add(new Decided(each, command, reason));
      if (reason == null) {
        accepted++;
        bytes += RecordCodec.encode(each.record()).length;
      }
    }
    return decided;
  }

  /**
   * The image says what became of the commands in flight: applied, or to be decided again together
   * with those called void.
   */
  private void settle() {
    MetadataImage image = follower.image();
    List<Decided> decided = inFlight;
    boolean stands =
        decided.stream().allMatch(d -> d.voidReason() != null || wasApplied(image, d.command()));
    if (!stands) {
      inFlight = List.of();
      decided.reversed().forEach(d -> waiting.addFirst(d.waiting()));
      return;
    }
    inFlight = List.of();
    for (Decided d : decided) {
      d.waiting()
          .outcome()
          .complete(
              d.voidReason() == null
                  ? new Outcome.Applied(image)
                  : new Outcome.Voided(d.voidReason(), image));
    }
  }

  private boolean wasApplied(MetadataImage image, Command command) {
    Incarnation own = image.incarnations().get(writer);
    if (own == null || own.lastCommand() < command.number()) {
      return false;
    }
    List<Long> hashes = own.recentCommandHashes();
    long position = hashes.size() - 1 - (own.lastCommand() - command.number());
    return position >= 0 && hashes.get((int) position) == command.hash();
  }
}
