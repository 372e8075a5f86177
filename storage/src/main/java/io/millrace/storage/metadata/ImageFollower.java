package io.millrace.storage.metadata;

import io.millrace.storage.Keys;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Holds the newest validated image and moves it forward. Nothing read or created counts before
 * boundary k+1 is known absent, k being the newest boundary known here: otherwise it might be a
 * number that was collected and created again. Owned by the metadata loop, one call at a time.
 */
final class ImageFollower {
  private static final int READ_AHEAD_MAX = 32;

  /** As many entries as may come while a snapshot is written; images share what is equal. */
  private static final int PASSED_IMAGES_MAX = 1024;

  private final MetadataObjects objects;
  private final Turns turns;
  private final BiConsumer<MetadataImage, MetadataImage> onImage;
  private volatile MetadataImage image = MetadataImage.EMPTY;
  private final ArrayDeque<MetadataImage> passed = new ArrayDeque<>();
  private @Nullable Boundary boundary;
  private volatile @Nullable CollectorBoundary collectorBoundary;
  private final RecentEntries recent = new RecentEntries();
  private int readAhead = 1;

  /**
   * @param onImage told (before, after) on the loop
   */
  ImageFollower(
      MetadataObjects objects, Turns turns, BiConsumer<MetadataImage, MetadataImage> onImage) {
    this.objects = objects;
    this.turns = turns;
    this.onImage = onImage;
  }

  /** Any thread may read it. */
  MetadataImage image() {
    return image;
  }

  /** Any thread may read it. */
  @Nullable CollectorBoundary collectorBoundary() {
    return collectorBoundary;
  }

  /** The newest boundary known here; 0 if none. */
  long boundaryNumber() {
    return boundary == null ? 0 : boundary.number();
  }

  /** The entry it names; 0 if none. */
  long boundaryEntry() {
    return boundary == null ? 0 : boundary.entryNumber();
  }

  /** From nothing to the tip: newest boundary, its snapshot, the entries after it. */
  CompletableFuture<Void> load() {
    return doubleUp(1)
        .thenCompose(absent -> bisect(absent / 2, absent))
        .thenCompose(newest ->
            newest == 0 ? done() : objects.boundary(newest).thenCompose(b -> jump(newest, b)))
        .thenCompose(_ -> catchUp())
        .thenRun(turns::forget); // nobody waits for what was read here
  }

  /** Reads the entries others have put and applies them, to the tip. */
  CompletableFuture<Void> catchUp() {
    return readRun(image.entryNumber() + 1, image.entryHash())
        .thenCompose(run ->
            validate(run.entries)
                .thenCompose(stands -> {
                  if (stands && run.brokenAt > 0) {
                    throw new MetadataCorruptException(
                        "%s is corrupt: it does not follow entry %d"
                            .formatted(Keys.metaEntry(run.brokenAt), run.brokenAt - 1));
                  }
                  readAhead = run.tip ? 1 : Math.min(readAhead * 2, READ_AHEAD_MAX);
                  return stands && run.tip ? done() : catchUp();
                }));
  }

  /** Entries applied last. */
  RecentEntries recent() {
    return recent;
  }

  /**
   * Applies what of these bytes follows the image, as if it had been read; another broker read or
   * put them as entries.
   */
  CompletableFuture<Void> follow(List<byte[]> entries) {
    List<StoredEntry> run = new ArrayList<>();
    long next = image.entryNumber() + 1;
    long hash = image.entryHash();
    try {
      for (byte[] bytes : entries) {
        if (EntryCodec.number(bytes) != next) {
          continue;
        }
        StoredEntry entry = StoredEntry.decode(next, bytes);
        if (entry.entry().predecessorHash() != hash) {
          break;
        }
        run.add(entry);
        next++;
        hash = entry.hash();
      }
    } catch (MetadataCorruptException | NewerVersionException _) {
      // whether that is so is for the store to say, when the entry is read
    }
    return run.isEmpty() ? done() : validate(run).thenAccept(_ -> {});
  }

  /** Likewise, where the next entry is known to be there. */
  CompletableFuture<Void> catchUpBehind() {
    readAhead = Math.max(2, readAhead);
    return catchUp();
  }

  /**
   * Applies entries that follow the image, or, if a boundary says that they do not stand, adopts
   * its snapshot.
   *
   * @return true if they stand and are applied; false if the image came from a snapshot
   */
  CompletableFuture<Boolean> validate(List<StoredEntry> run) {
    long next = boundaryNumber() + 1;
    return objects
        .boundary(next)
        .thenCompose(found -> {
          if (found.isEmpty()) {
            run.forEach(this::apply);
            holdBoundary();
            return CompletableFuture.completedFuture(true);
          }
          if (leadsTo(found.get(), run)) {
            adopt(found.get());
            return validate(run);
          }
          return jump(next, found).thenCompose(_ -> validate(List.of())).thenApply(_ -> false);
        });
  }

  /** A boundary of our own was stored; {@code at} is the image in its snapshot. */
  void stored(Boundary stored, MetadataImage at) {
    adopt(stored);
    hold(stored, at);
  }

  private boolean leadsTo(Boundary next, List<StoredEntry> run) {
    return next.entryNumber() <= image.entryNumber()
        || run.stream()
            .anyMatch(
                e -> e.entry().number() == next.entryNumber() && e.hash() == next.entryHash());
  }

  private void adopt(Boundary found) {
    if (found.number() > boundaryNumber()) {
      boundary = found;
    }
  }

  /** If the image at the newest boundary is among those passed. */
  private void holdBoundary() {
    Boundary newest = boundary;
    CollectorBoundary held = collectorBoundary;
    if (newest != null && (held == null || held.number() < newest.number())) {
      passed.stream()
          .filter(
              i -> i.entryNumber() == newest.entryNumber() && i.entryHash() == newest.entryHash())
          .findFirst()
          .ifPresent(at -> hold(newest, at));
    }
  }

  private void hold(Boundary stored, MetadataImage at) {
    CollectorBoundary held = collectorBoundary;
    if (held == null || held.number() < stored.number()) {
      collectorBoundary = new CollectorBoundary(stored.number(), stored.snapshotKey(), at);
    }
  }

  private void apply(StoredEntry stored) {
    recent.add(stored);
    turns.onEntry(stored.entry());
    move(ImageDraft.apply(image, stored.entry(), stored.hash()));
  }

  private void move(MetadataImage after) {
    MetadataImage before = image;
    image = after;
    passed.add(after);
    if (passed.size() > PASSED_IMAGES_MAX) {
      passed.removeFirst();
    }
    onImage.accept(before, after);
  }

  private CompletableFuture<Void> jump(long number, Optional<Boundary> found) {
    if (found.isEmpty()) {
      throw new MetadataCorruptException(
          "%s is missing although %s was collected: boundaries are never deleted"
              .formatted(Keys.boundary(number), "the snapshot of the one before"));
    }
    Boundary target = found.get();
    return objects
        .snapshot(target)
        .thenCompose(snapshot -> {
          if (snapshot.isEmpty()) {
            // a newer boundary must have let it go
            return objects.boundary(number + 1).thenCompose(newer -> jump(number + 1, newer));
          }
          adopt(target);
          hold(target, snapshot.get());
          move(snapshot.get());
          return done();
        });
  }

  /** The first of 1, 2, 4, ... that is absent. */
  private CompletableFuture<Long> doubleUp(long number) {
    return objects
        .boundary(number)
        .thenCompose(found ->
            found.isEmpty() ? CompletableFuture.completedFuture(number) : doubleUp(number * 2));
  }

  /** {@code present} is (or is 0), {@code absent} is not; boundaries are consecutive and stay. */
  private CompletableFuture<Long> bisect(long present, long absent) {
    if (absent - present <= 1) {
      return CompletableFuture.completedFuture(present);
    }
    long middle = present + (absent - present) / 2;
    return objects
        .boundary(middle)
        .thenCompose(found -> found.isPresent() ? bisect(middle, absent) : bisect(present, middle));
  }

  /**
   * Entries next to each other, each following the one before.
   *
   * @param tip the number after the last was absent
   * @param brokenAt number of an entry that does not follow the one before, 0 if there is none
   */
  private record Run(List<StoredEntry> entries, boolean tip, long brokenAt) {}

  private CompletableFuture<Run> readRun(long from, long predecessorHash) {
    List<CompletableFuture<Optional<StoredEntry>>> reads = new ArrayList<>();
    for (int i = 0; i < readAhead; i++) {
      reads.add(objects.entry(from + i));
    }
    return CompletableFuture.allOf(reads.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> {
          List<StoredEntry> run = new ArrayList<>();
          long hash = predecessorHash;
          for (CompletableFuture<Optional<StoredEntry>> read : reads) {
            Optional<StoredEntry> found = read.resultNow();
            if (found.isEmpty()) {
              return new Run(run, true, 0);
            }
            if (found.get().entry().predecessorHash() != hash) {
              return new Run(run, false, found.get().entry().number());
            }
            run.add(found.get());
            hash = found.get().hash();
          }
          return new Run(run, false, 0);
        });
  }

  private static CompletableFuture<Void> done() {
    return CompletableFuture.completedFuture(null);
  }
}
