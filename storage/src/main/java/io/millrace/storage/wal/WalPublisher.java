package io.millrace.storage.wal;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Makes sealed WAL files, or stored entries, level 0: one WalPublished at a time, of all that wait,
 * with the trim they bring. A void one ends the incarnation. Any thread may call.
 */
public final class WalPublisher implements WalFileListener {
  /** More would not fit a metadata entry. */
  static final int OBJECTS_MAX = 4096;

  private final MetadataLog metadata;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private long trim = -1;
  private boolean inFlight;
  private @Nullable Throwable failure;

  private record Waiting(List<SealedWalFile> files, CompletableFuture<Void> published) {}

  public WalPublisher(MetadataLog metadata) {
    this.metadata = metadata;
  }

  @Override
  public CompletableFuture<Void> onFilesSealed(List<SealedWalFile> files) {
    CompletableFuture<Void> published = new CompletableFuture<>();
    Throwable over;
    synchronized (this) {
      over = failure;
      if (over == null) {
        waiting.addLast(new Waiting(files, published));
      }
    }
    if (over != null) {
      published.completeExceptionally(over);
    } else {
      publishNext();
    }
    return published;
  }

  private void publishNext() {
    List<Waiting> next = new ArrayList<>();
    List<SealedWalFile> files = new ArrayList<>();
    long trimBefore;
    synchronized (this) {
      if (inFlight || waiting.isEmpty() || failure != null) {
        return;
      }
      inFlight = true;
      do {
        Waiting first = waiting.removeFirst();
        next.add(first);
        files.addAll(first.files());
      } while (!waiting.isEmpty()
          && files.size() + waiting.getFirst().files().size() <= OBJECTS_MAX);
      trimBefore = trim;
    }
    WriterId writer = metadata.writer();
    long trimAfter = files.getLast().lastSequence();
    List<ObjectInfo> objects = files.stream().map(SealedWalFile::object).toList();
    metadata
        .submit(new WalPublished(writer, trimBefore, trimAfter, objects))
        .whenComplete((outcome, failed) -> onOutcome(next, trimAfter, outcome, failed));
  }

  private void onOutcome(
      List<Waiting> published,
      long trimAfter,
      @Nullable Outcome outcome,
      @Nullable Throwable failed) {
    Throwable cause =
        switch (outcome) {
          case Outcome.Applied _ -> null;
          case Outcome.Voided(String reason, var _) ->
              new IncarnationEndedException("publication is void: " + reason);
          case null -> failed == null ? new IllegalStateException("no outcome") : failed;
        };
    List<Waiting> lost = new ArrayList<>();
    synchronized (this) {
      inFlight = false;
      if (cause == null) {
        trim = trimAfter;
      } else {
        failure = cause;
        lost.addAll(published);
        lost.addAll(waiting);
        waiting.clear();
      }
    }
    if (cause != null) {
      lost.forEach(each -> each.published().completeExceptionally(cause));
      return;
    }
    published.forEach(each -> each.published().complete(null));
    publishNext();
  }
}
