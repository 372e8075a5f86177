package io.millrace.storage.metadata;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.runtime.Randomness;
import io.millrace.storage.WriterId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The metadata log in an object store, as design section 3 says. All work happens on one loop,
 * which does one thing at a time: commit what waits, or read what others have committed. Beside it,
 * boundaries are written and what they replace is collected. Ends when the image shows its
 * incarnation fenced.
 */
public final class StoredMetadataLog implements MetadataLog {
  /** Commands that may wait, all callers together. */
  static final int QUEUE_MAX = 65_536;

  private final WriterId writer;
  private final EventLoop loop;
  private final MetadataObjects objects;
  private final ImageFollower follower;
  private final CommitQueue queue;
  private final BoundaryWriter boundaries;
  private final UploadNumbers uploads = new UploadNumbers();
  private final List<BiConsumer<MetadataImage, MetadataImage>> listeners =
      new CopyOnWriteArrayList<>();
  private final List<CompletableFuture<MetadataImage>> refreshes = new ArrayList<>();

  /** Those that the read under way will answer. */
  private List<CompletableFuture<MetadataImage>> refreshing = List.of();

  private long nudgedTo;
  private final AtomicInteger waiting = new AtomicInteger();
  private final CompletableFuture<Throwable> ended = new CompletableFuture<>();
  private @Nullable IncarnationEndedException over;
  private boolean busy = true;
  private boolean refreshedLast;

  private StoredMetadataLog(
      ObjectStore store,
      EventLoop loop,
      Clock clock,
      Randomness randomness,
      WriterId writer,
      BoundarySpacing spacing,
      Scribe scribe) {
    this.writer = writer;
    this.loop = loop;
    this.objects = new MetadataObjects(store, loop, randomness);
    Turns turns = new Turns(writer, clock, scribe);
    this.follower = new ImageFollower(objects, turns, this::onImage);
    this.queue = new CommitQueue(writer, loop, objects, follower, turns, scribe, this::next);
    this.boundaries =
        new BoundaryWriter(
            this, objects, follower, new MetadataCollector(store, loop), clock, spacing);
  }

  /** As the other, where every broker appends by itself. */
  public static CompletableFuture<MetadataLog> load(
      ObjectStore store,
      EventLoop loop,
      Clock clock,
      Randomness randomness,
      WriterId writer,
      BoundarySpacing spacing) {
    return load(store, loop, clock, randomness, writer, spacing, Scribe.NONE);
  }

  /**
   * Reads the log to its tip. The future fails with {@link MetadataCorruptException} or {@link
   * NewerVersionException}.
   *
   * @param writer a new random id; the incarnation is registered by {@link Registration}
   */
  public static CompletableFuture<MetadataLog> load(
      ObjectStore store,
      EventLoop loop,
      Clock clock,
      Randomness randomness,
      WriterId writer,
      BoundarySpacing spacing,
      Scribe scribe) {
    StoredMetadataLog log =
        new StoredMetadataLog(store, loop, clock, randomness, writer, spacing, scribe);
    CompletableFuture<MetadataLog> loaded = new CompletableFuture<>();
    loop.execute(() ->
        log.follower
            .load()
            .whenComplete((_, error) -> {
              if (error != null) {
                log.end(FailureCause.of(error));
                loaded.completeExceptionally(FailureCause.of(error));
              } else {
                loaded.complete(log);
                log.idle();
              }
            }));
    return loaded;
  }

  @Override
  public WriterId writer() {
    return writer;
  }

  @Override
  public MetadataImage image() {
    return follower.image();
  }

  @Override
  public CompletableFuture<Outcome> submit(MetadataRecord record) {
    if (waiting.incrementAndGet() > QUEUE_MAX) {
      waiting.decrementAndGet();
      return CompletableFuture.failedFuture(
          new RejectedExecutionException("%d metadata commands wait already".formatted(QUEUE_MAX)));
    }
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    outcome.whenComplete((_, _) -> waiting.decrementAndGet());
    onLoop(
        outcome,
        () -> {
          queue.add(record, outcome);
          loop.execute(this::next); // so that commands handed over together share an entry
        });
    return outcome;
  }

  @Override
  public CompletableFuture<Scribe.Answer.Committed> commitFor(
      long askersEntryNumber, List<Command> commands) {
    ForeignCommands.Request request = new ForeignCommands.Request(askersEntryNumber, commands);
    if (commands.stream().anyMatch(c -> c.issuer().equals(writer)) || !queue.admit(request)) {
      return CompletableFuture.failedFuture(
          new RejectedExecutionException("no room for %d commands".formatted(commands.size())));
    }
    onLoop(
        request.answer,
        () -> {
          queue.add(request);
          next();
        });
    return request.answer;
  }

  @Override
  public void leaveTurn() {
    onLoop(new CompletableFuture<>(), queue::leaveTurn);
  }

  @Override
  public void onNudge(long entryNumber) {
    if (entryNumber > image().entryNumber()) {
      onLoop(
          new CompletableFuture<>(),
          () -> {
            nudgedTo = Math.max(nudgedTo, entryNumber);
            next();
          });
    }
  }

  @Override
  public CompletableFuture<MetadataImage> refresh() {
    CompletableFuture<MetadataImage> refreshed = new CompletableFuture<>();
    onLoop(
        refreshed,
        () -> {
          refreshes.add(refreshed);
          next();
        });
    return refreshed;
  }

  /** Unless the incarnation has ended, perhaps with its loop; then the answer says so. */
  private void onLoop(CompletableFuture<?> answer, Runnable task) {
    try {
      loop.execute(() -> {
        if (over != null) {
          answer.completeExceptionally(over);
        } else {
          task.run();
        }
      });
    } catch (RejectedExecutionException loopEnded) {
      answer.completeExceptionally(
          new IncarnationEndedException("incarnation %s is over".formatted(writer)));
    }
  }

  @Override
  public UploadNumbers uploads() {
    return uploads;
  }

  @Override
  public @Nullable CollectorBoundary collectorBoundary() {
    return follower.collectorBoundary();
  }

  @Override
  public void wantBoundary() {
    onLoop(new CompletableFuture<>(), boundaries::onWanted);
  }

  @Override
  public void addListener(BiConsumer<MetadataImage, MetadataImage> listener) {
    listeners.add(listener);
  }

  @Override
  public CompletableFuture<Throwable> ended() {
    return ended;
  }

  @Override
  public void close() {
    loop.execute(
        () -> finish(new IncarnationEndedException("incarnation %s was closed".formatted(writer))));
  }

  private void next() {
    if (busy || over != null) {
      return;
    }
    try {
      begin();
    } catch (RuntimeException bug) {
      finished(bug); // a loop that stays busy would let everybody wait for ever
    }
  }

  private void begin() {
    boolean wantsRefresh = !refreshes.isEmpty() || nudgedTo > image().entryNumber();
    boolean ready = queue.isReady();
    if (wantsRefresh && !(ready && refreshedLast)) { // in turns, if both are asked for all the time
      busy = true;
      refreshedLast = true;
      refreshNow();
    } else if (ready) {
      busy = true;
      refreshedLast = false;
      queue.commit().whenComplete((_, error) -> finished(error));
    }
  }

  private void refreshNow() {
    refreshing = List.copyOf(refreshes);
    refreshes.clear();
    nudgedTo = 0;
    follower
        .catchUp()
        .whenComplete((_, error) -> {
          if (error == null && over == null) {
            queue.settle();
            List<CompletableFuture<MetadataImage>> asked = refreshing;
            refreshing = List.of();
            asked.forEach(a -> a.complete(image()));
          }
          finished(error);
        });
  }

  private void finished(@Nullable Throwable error) {
    if (error != null) {
      end(FailureCause.of(error));
    } else if (over != null) {
      finish(over);
    } else {
      boundaries.onProgress();
      idle();
    }
  }

  private void idle() {
    busy = false;
    next();
  }

  private void onImage(MetadataImage before, MetadataImage after) {
    listeners.forEach(listener -> listener.accept(before, after));
    if (after.hasEnded(writer)) {
      over = new IncarnationEndedException("incarnation %s was fenced".formatted(writer));
      ended.complete(over);
    }
  }

  /** Fenced, or the log cannot be read. Idempotent. */
  void end(Throwable cause) {
    IncarnationEndedException ending =
        cause instanceof IncarnationEndedException fenced
            ? fenced
            : new IncarnationEndedException("the metadata log has failed: " + cause.getMessage());
    finish(ending);
    ended.complete(cause);
  }

  private void finish(IncarnationEndedException cause) {
    if (over == null) {
      over = cause;
    }
    objects.close();
    queue.fail(over);
    List<CompletableFuture<MetadataImage>> asked = new ArrayList<>(refreshes);
    asked.addAll(refreshing);
    refreshes.clear();
    refreshing = List.of();
    asked.forEach(a -> a.completeExceptionally(cause));
  }
}
