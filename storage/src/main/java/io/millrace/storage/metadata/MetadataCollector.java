package io.millrace.storage.metadata;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * Deletes the entries and snapshots a stored boundary has replaced (invariant I8): entries up to
 * its number, which are swept anew each time since a stalled writer may create one again; snapshots
 * it does not name whose counter is below their writer's upload floor, or whose writer is fenced,
 * in the image at the boundary. What a call without answer leaves behind, the next sweep takes. On
 * the metadata loop.
 */
final class MetadataCollector {
  private static final int PAGE_KEYS = 1000;

  private final ObjectStore store;
  private final EventLoop loop;
  private boolean sweeping;

  MetadataCollector(ObjectStore store, EventLoop loop) {
    this.store = store;
    this.loop = loop;
  }

  void collect(CollectorBoundary boundary) {
    if (sweeping) {
      return;
    }
    sweeping = true;
    sweep(Keys.META_LOG, "", key -> Keys.number(key) <= boundary.image().entryNumber())
        .thenCompose(_ -> sweep(Keys.META_SNAPSHOT, "", key -> deletable(key, boundary)))
        .whenComplete((_, _) -> sweeping = false);
  }

  static boolean deletable(String snapshotKey, CollectorBoundary boundary) {
    if (snapshotKey.equals(boundary.snapshotKey())) {
      return false;
    }
    WriterId writer = Keys.writer(snapshotKey);
    Incarnation incarnation = boundary.image().incarnations().get(writer);
    return boundary.image().hasEnded(writer)
        || (incarnation != null && Keys.number(snapshotKey) < incarnation.uploadFloor());
  }

  private CompletableFuture<Void> sweep(String prefix, String after, Predicate<String> deletable) {
    return store
        .list(prefix, after, PAGE_KEYS)
        .thenComposeAsync(
            outcome ->
                switch (outcome) {
                  case ListOutcome.Keys page -> {
                    Deque<String> doomed =
                        new ArrayDeque<>(
                            page.keys().stream()
                                .filter(Keys::isWellFormed)
                                .filter(deletable)
                                .toList());
                    boolean further = page.more() && !page.keys().isEmpty();
                    yield delete(doomed)
                        .thenCompose(_ ->
                            further
                                ? sweep(prefix, page.keys().getLast(), deletable)
                                : CompletableFuture.completedFuture(null));
                  }
                  case ListOutcome.Unknown _ -> CompletableFuture.<Void>completedFuture(null);
                },
            loop);
  }

  private CompletableFuture<Void> delete(Deque<String> keys) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    deleteNext(keys, done);
    return done;
  }

  private void deleteNext(Deque<String> keys, CompletableFuture<Void> done) {
    if (keys.isEmpty()) {
      done.complete(null);
      return;
    }
    store.delete(keys.removeFirst()).whenCompleteAsync((_, _) -> deleteNext(keys, done), loop);
  }
}
