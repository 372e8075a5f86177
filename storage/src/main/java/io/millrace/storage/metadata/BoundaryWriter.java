package io.millrace.storage.metadata;

import io.millrace.runtime.Clock;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.Keys;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataObjects.Settled;
import java.util.concurrent.CompletableFuture;

/**
 * Writes a snapshot and then the boundary that names it, some entries after the last one (or when
 * the collector wants it) and no sooner than four times what a snapshot takes; then has the entries
 * before it collected. If another broker's boundary was first, the snapshot is given up and that
 * one adopted. By convention the scribe writes, and each broker after it only if boundaries lag so
 * much more. Owned by the metadata loop, beside the commits.
 */
final class BoundaryWriter {
  private final StoredMetadataLog log;
  private final MetadataObjects objects;
  private final ImageFollower follower;
  private final MetadataCollector collector;
  private final Clock clock;
  private final BoundarySpacing spacing;
  private boolean writing;
  private boolean wanted;
  private long notBeforeNs;

  BoundaryWriter(
      StoredMetadataLog log,
      MetadataObjects objects,
      ImageFollower follower,
      MetadataCollector collector,
      Clock clock,
      BoundarySpacing spacing) {
    this.log = log;
    this.objects = objects;
    this.follower = follower;
    this.collector = collector;
    this.clock = clock;
    this.spacing = spacing;
    this.notBeforeNs = clock.monotonicNs();
  }

  /** Garbage waits for it, though few entries do. */
  void onWanted() {
    wanted = true;
    onProgress();
  }

  /** The image may have moved. */
  void onProgress() {
    MetadataImage image = follower.image();
    if (!writing && isDue(image) && clock.monotonicNs() - notBeforeNs >= 0) {
      writing = true;
      wanted = false;
      log.uploads().commitFloor(log);
      CompletableFuture.completedFuture(image)
          .thenCompose(this::write)
          .whenComplete((_, error) -> {
            writing = false;
            if (error != null) {
              log.end(FailureCause.of(error));
            }
          });
    }
  }

  private boolean isDue(MetadataImage image) {
    long behind = image.entryNumber() - follower.boundaryEntry();
    Incarnation own = image.incarnations().get(log.writer());
    if (own == null || !image.isRegistered(own.writer())) {
      return false;
    }
    long before = image.brokers().headMap(own.nodeId()).size();
    return behind >= (wanted ? 1 : spacing.entries() * (1 + before));
  }

  private CompletableFuture<Void> write(MetadataImage image) {
    long startNs = clock.monotonicNs();
    long counter = log.uploads().begin();
    String key = Keys.snapshot(log.writer(), counter);
    byte[] snapshot = SnapshotCodec.encode(image);
    Boundary boundary =
        new Boundary(
            follower.boundaryNumber() + 1,
            image.entryNumber(),
            image.entryHash(),
            key,
            snapshot.length);
    return objects
        .put(key, snapshot)
        .thenCompose(settled -> {
          long endNs = clock.monotonicNs();
          notBeforeNs = endNs + BoundarySpacing.SNAPSHOT_TIMES * (endNs - startNs);
          return switch (settled) {
            case Settled.Ours _ when mayWrite(boundary) -> put(boundary, image);
            case Settled.Ours _ -> CompletableFuture.<Void>completedFuture(null);
            case Settled.Theirs _ -> {
              log.refresh(); // it was swept, which shows this incarnation fenced
              yield CompletableFuture.<Void>completedFuture(null);
            }
          };
        })
        .thenRun(() -> log.uploads().settle(counter));
  }

  private boolean mayWrite(Boundary boundary) {
    return follower.boundaryNumber() + 1 == boundary.number()
        && follower.image().isRegistered(log.writer());
  }

  private CompletableFuture<Void> put(Boundary boundary, MetadataImage image) {
    return objects
        .put(Keys.boundary(boundary.number()), boundary.encode())
        .thenAccept(settled -> {
          switch (settled) {
            case Settled.Ours _ -> {
              follower.stored(boundary, image);
              collector.collect(
                  new MetadataLog.CollectorBoundary(
                      boundary.number(), boundary.snapshotKey(), image));
            }
            case Settled.Theirs _ -> log.refresh(); // adopts it
          }
        });
  }
}
