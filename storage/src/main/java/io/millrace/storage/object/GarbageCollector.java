package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedPut;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes merged objects, checkpoints and what is left of logs and probes as invariant I8 allows,
 * and aborts unfinished puts that their writers have given up or left behind. Sweeps the same
 * prefixes again and again, since a stalled put may create an object that was deleted; by
 * convention the live broker with the lowest id does. On one loop; entries and snapshots are the
 * metadata log's own to collect.
 */
public final class GarbageCollector implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);
  private static final int PAGE_KEYS = 1000;
  private static final int DELETES_IN_FLIGHT_MAX = 16;

  /** Rounds in which garbage waits for a boundary while entries are committed. */
  private static final int ROUNDS_WAITED_MAX = 10;

  private static final List<String> UPLOADED = List.of(Keys.DATA, Keys.CHECKPOINT);

  /** Prefixes behind which the writer stands in the key. */
  private static final List<String> WRITERS =
      List.of(Keys.DATA, Keys.CHECKPOINT, Keys.WAL, Keys.META_SNAPSHOT);

  private final ObjectStore store;
  private final MetadataLog metadata;
  private final EventLoop loop;
  private final ObjectPins pins;
  private final WalGarbage wal;
  private final ProbeGarbage probes;
  private final Deque<String> unlistedWalFiles = new ArrayDeque<>();
  private final LongAdder deleted = new LongAdder();
  private long lastEntryNumber = -1;
  private int roundsWaited;
  private volatile boolean stopped;

  public GarbageCollector(
      ObjectStore store,
      MetadataLog metadata,
      EventLoop loop,
      Clock clock,
      ObjectPins pins,
      WalGarbage wal) {
    this.store = store;
    this.metadata = metadata;
    this.loop = loop;
    this.pins = pins;
    this.wal = wal;
    this.probes = new ProbeGarbage(clock);
  }

  /** Releases WAL files as they are unlisted; sweeps every {@code intervalNs}. */
  public void start(long intervalNs) {
    if (wal instanceof WalGarbage.Files files) {
      metadata.addListener((before, after) -> {
        if (!stopped && !before.sameObjects(after)) {
          List<String> unlisted = unlistedWal(before, after);
          loop.execute(() -> releaseAll(files, unlisted));
        }
      });
    }
    sweepLater(intervalNs);
  }

  @Override
  public void close() {
    stopped = true;
  }

  /** Objects deleted so far. */
  public long deleted() {
    return deleted.sum();
  }

  /** One round, also run by time. */
  CompletableFuture<Void> sweep() {
    metadata.uploads().commitFloor(metadata);
    MetadataImage now = metadata.image();
    if (!now.isLowestLive(metadata.writer())) {
      return CompletableFuture.completedFuture(null);
    }
    CollectorBoundary boundary = metadata.collectorBoundary();
    GarbageRound round = new GarbageRound(now, boundary);
    probes.beginRound();
    CompletableFuture<Void> swept = sweepAll(Keys.PROBE, key -> probes.isLeftOver(key, now));
    if (wal instanceof WalGarbage.Files files) {
      releaseAll(files, List.of());
      swept =
          swept.thenComposeAsync(
              _ -> sweepAll(Keys.WAL, key -> leftOverFile(key, now, round.listedNow())), loop);
    } else {
      swept =
          swept.thenComposeAsync(
              _ -> sweepAll(Keys.WAL, key -> round.allows(GarbageCollector::spentEntry, key)),
              loop);
    }
    for (String prefix : UPLOADED) {
      swept =
          swept.thenComposeAsync(
              _ -> sweepAll(prefix, key -> round.allows(GarbageCollector::deletable, key)), loop);
    }
    return swept
        .thenComposeAsync(_ -> abortUnfinished(now, boundary), loop)
        .thenRunAsync(() -> onSwept(round), loop);
  }

  /**
   * What the next boundary would free need not wait for entries that nobody commits; but while some
   * are committed, a boundary now and then is enough.
   */
  private void onSwept(GarbageRound round) {
    roundsWaited = round.waits() ? roundsWaited + 1 : 0;
    boolean quiet = round.now().entryNumber() == lastEntryNumber;
    lastEntryNumber = round.now().entryNumber();
    if (round.waits() && (quiet || roundsWaited >= ROUNDS_WAITED_MAX)) {
      roundsWaited = 0;
      metadata.wantBoundary();
    }
  }

  /**
   * Invariant I8, by the image at the boundary: not listed there (nor now), and its counter is
   * below the writer's upload floor, or the writer is fenced.
   */
  static boolean deletable(String key, MetadataImage image, Set<String> listed) {
    WriterId writer = Keys.writer(key);
    Incarnation incarnation = image.incarnations().get(writer);
    return !listed.contains(key)
        && (image.hasEnded(writer)
            || (incarnation != null && Keys.number(key) < incarnation.uploadFloor()));
  }

  /** A file of a recovered incarnation; under the exclusive lock the present image decides. */
  static boolean leftOverFile(String key, MetadataImage image, Set<String> listed) {
    return !listed.contains(key) && image.recoveredEnd(Keys.writer(key)).isPresent();
  }

  /**
   * Invariant I8 for an entry (or seal) in a shared store: not listed at the boundary, and at or
   * below the trim there, or of an incarnation that is recovered there. The seal that ends a log
   * stays for ever: behind it a stalled writer must find nothing free.
   */
  static boolean spentEntry(String key, MetadataImage image, Set<String> listed) {
    if (listed.contains(key)) {
      return false;
    }
    long sequence = Keys.number(key);
    OptionalLong end = image.recoveredEnd(Keys.writer(key));
    if (end.isPresent()) {
      return sequence != end.getAsLong() + 1;
    }
    Incarnation writer = image.incarnations().get(Keys.writer(key));
    return writer != null && sequence <= writer.trim();
  }

  private void sweepLater(long intervalNs) {
    loop.schedule(
        intervalNs,
        () -> {
          if (stopped || metadata.ended().isDone()) {
            return;
          }
          var _ =
              sweep()
                  .whenCompleteAsync(
                      (_, failure) -> {
                        if (failure != null) {
                          LOG.warn(
                              "Garbage was not collected, the next round tries again", failure);
                        }
                        sweepLater(intervalNs);
                      },
                      loop);
        });
  }

  private static List<String> unlistedWal(MetadataImage before, MetadataImage after) {
    List<String> unlisted = new ArrayList<>();
    for (ObjectInfo object : before.objects().values()) {
      if (object.level() == 0 && !after.objects().containsKey(object.key())) {
        unlisted.add(object.key());
      }
    }
    return unlisted;
  }

  /** Those being read wait for the next time. */
  private void releaseAll(WalGarbage.Files files, List<String> more) {
    unlistedWalFiles.addAll(more);
    for (int left = unlistedWalFiles.size(); left > 0; left--) {
      String key = unlistedWalFiles.removeFirst();
      if (pins.isPinned(key)) {
        unlistedWalFiles.addLast(key);
      } else {
        files.releaser().accept(key);
      }
    }
  }

  /** All of a prefix, so that a round deletes what came since the last one, however much it is. */
  private CompletableFuture<Void> sweepAll(String prefix, Predicate<String> deletable) {
    Deque<String> pages = new ArrayDeque<>(List.of("")); // the key after which the next one begins
    return LoopSteps.repeat(
        loop,
        () ->
            store
                .list(prefix, pages.removeFirst(), PAGE_KEYS)
                .thenComposeAsync(
                    outcome ->
                        switch (outcome) {
                          case ListOutcome.Keys page -> {
                            if (page.more() && !page.keys().isEmpty() && !stopped) {
                              pages.add(page.keys().getLast());
                            }
                            yield deleteAll(
                                    page.keys().stream()
                                        .filter(Keys::isWellFormed)
                                        .filter(deletable)
                                        .toList())
                                .thenApply(_ -> !pages.isEmpty());
                          }
                          case ListOutcome.Unknown _ -> CompletableFuture.completedFuture(false);
                        },
                    loop));
  }

  private CompletableFuture<Void> deleteAll(List<String> keys) {
    Iterator<String> doomed = keys.iterator();
    return LoopSteps.repeat(
        loop,
        () -> {
          List<CompletableFuture<Void>> together = new ArrayList<>();
          while (doomed.hasNext() && together.size() < DELETES_IN_FLIGHT_MAX) {
            together.add(delete(doomed.next()));
          }
          return CompletableFuture.allOf(together.toArray(CompletableFuture<?>[]::new))
              .thenApply(_ -> doomed.hasNext());
        });
  }

  /** What nobody will finish any more: leftovers of merges, and of whoever died within a put. */
  private CompletableFuture<Void> abortUnfinished(
      MetadataImage image, @Nullable CollectorBoundary boundary) {
    return store
        .unfinishedPuts("")
        .thenComposeAsync(
            outcome -> {
              if (!(outcome instanceof UnfinishedOutcome.Puts found)) {
                return CompletableFuture.completedFuture(null);
              }
              Iterator<UnfinishedPut> given =
                  found.puts().stream()
                      .filter(put -> Keys.isWellFormed(put.key()))
                      .filter(put ->
                          put.key().startsWith(Keys.PROBE)
                              ? probes.isLeftOver(put.key(), image)
                              : isGivenUp(put.key(), image, boundary))
                      .iterator();
              return LoopSteps.repeat(
                  loop,
                  () ->
                      given.hasNext()
                          ? store.abortUnfinished(given.next()).thenApply(_ -> true)
                          : CompletableFuture.completedFuture(false));
            },
            loop);
  }

  /**
   * Whoever is still at it after all is told that its put is of unknown fate, and finds out what
   * the image says: a number that was collected, or an incarnation that has ended.
   */
  static boolean isGivenUp(String key, MetadataImage image, @Nullable CollectorBoundary boundary) {
    if (key.startsWith(Keys.META_LOG)) {
      return boundary != null && Keys.number(key) <= boundary.image().entryNumber();
    }
    if (key.startsWith(Keys.META_BOUNDARY)) {
      return boundary != null && Keys.number(key) <= boundary.number();
    }
    if (key.startsWith(Keys.FENCE)) {
      return image.recoveredEnd(Keys.fenced(key)).isPresent();
    }
    if (UPLOADED.stream().anyMatch(key::startsWith)) {
      return deletable(key, image, Set.of());
    }
    return WRITERS.stream().anyMatch(key::startsWith) && image.hasEnded(Keys.writer(key));
  }

  /**
   * WAL files found by sweeping are not given back: after a power loss such a file may have a name
   * among the spares already.
   */
  private CompletableFuture<Void> delete(String key) {
    return pins.isPinned(key)
        ? CompletableFuture.completedFuture(null)
        : store.delete(key).thenAccept(_ -> deleted.increment());
  }
}
