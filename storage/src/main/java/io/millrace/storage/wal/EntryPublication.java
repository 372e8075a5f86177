package io.millrace.storage.wal;

import io.millrace.runtime.EventLoop.Cancellable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stored entries on their way to level 0: together, when there are enough of them or the first has
 * waited long enough. Owned by the WAL's loop.
 */
final class EntryPublication {
  private final ObjectWalSettings settings;
  private final WalFileListener publisher;
  private final WalLoop loop;
  private final Runnable onPublished;
  private final Consumer<Throwable> onFailed;
  private List<SealedWalFile> waiting = new ArrayList<>();
  private long waitingBytes;
  private int unpublished;
  private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
  private @Nullable Cancellable timer;

  /**
   * @param onPublished told on the loop that some of the entries stand in the image now
   * @param onFailed told on the loop that they never will
   */
  EntryPublication(
      ObjectWalSettings settings,
      WalFileListener publisher,
      WalLoop loop,
      Runnable onPublished,
      Consumer<Throwable> onFailed) {
    this.settings = settings;
    this.publisher = publisher;
    this.loop = loop;
    this.onPublished = onPublished;
    this.onFailed = onFailed;
  }

  /** Entries that are stored and not published. */
  int unpublished() {
    return unpublished;
  }

  void add(ObjectEntry entry) {
    waiting.add(new SealedWalFile(entry.object(), entry.sequence()));
    waitingBytes += entry.object().sizeBytes();
    unpublished++;
    if (waiting.size() >= settings.publishEntriesMax()
        || waitingBytes >= settings.publishBytesMax()) {
      publish();
    } else if (timer == null) {
      timer = loop.schedule(settings.publishDelayNs(), this::publish);
    }
  }

  /** Publishes what waits; completes when all that was added stands in the image. */
  CompletableFuture<Void> publish() {
    Cancellable set = timer;
    timer = null;
    if (set != null) {
      set.cancel();
    }
    if (!waiting.isEmpty()) {
      List<SealedWalFile> entries = waiting;
      waiting = new ArrayList<>();
      waitingBytes = 0;
      last = publisher.onFilesSealed(entries);
      last.whenComplete((_, failed) -> loop.execute(() -> onPublished(entries.size(), failed)));
    }
    return last;
  }

  private void onPublished(int entries, @Nullable Throwable failed) {
    unpublished -= entries;
    if (failed == null) {
      onPublished.run();
    } else {
      onFailed.accept(failed);
    }
  }
}
