package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Finds what the listed objects hold of a partition, by the newest image and footers. Any thread
 * may call. An object that is gone is looked for again in a newer image; it is corruption only if
 * that still refers to it (invariant I8).
 */
public final class ObjectCatalog {
  private static final int RELOADS_MAX = 10;

  /** Of one look-up (invariant I13); a partition may be in hundreds of objects. */
  static final int FOOTERS_AT_ONCE_MAX = 16;

  private final MetadataLog metadata;
  private final FooterCache footers;
  private volatile ObjectIndex index;

  public ObjectCatalog(MetadataLog metadata, FooterCache footers) {
    this.metadata = metadata;
    this.footers = footers;
    this.index = ObjectIndex.of(metadata.image());
  }

  /** What one object holds of one partition, without a gap. */
  public record Part(ObjectInfo object, PartitionFooter footer) {}

  /**
   * Batches next to each other in offset order; {@code maxTimestamp} -1 if no record of them has a
   * time.
   */
  public record Span(long endOffset, long bytes, long maxTimestamp) {}

  /** Every part that ends above {@code fromOffset}, in offset order. */
  public CompletableFuture<List<Part>> parts(PartitionId id, long fromOffset) {
    return onImage(image -> parts(image, id, fromOffset));
  }

  /** The part that holds {@code offset}, or else the first above it. */
  public CompletableFuture<Optional<Part>> find(PartitionId id, long offset) {
    return onImage(image -> find(image, id, offset));
  }

  CompletableFuture<List<Part>> parts(MetadataImage image, PartitionId id, long fromOffset) {
    List<Part> parts = new ArrayList<>();
    Iterator<ObjectInfo> objects =
        indexAt(image).overlapping(id, fromOffset, Long.MAX_VALUE).iterator();
    return collect(objects, id, fromOffset, parts)
        .thenApply(_ -> {
          parts.sort(Comparator.comparingLong(part -> part.footer().baseOffset()));
          return List.copyOf(parts);
        });
  }

  /** Some objects after the other; those whose footers are at hand without a call between. */
  private CompletableFuture<Void> collect(
      Iterator<ObjectInfo> objects, PartitionId id, long fromOffset, List<Part> parts) {
    CompletableFuture<Void> some = CompletableFuture.completedFuture(null);
    while (objects.hasNext() && some.isDone() && !some.isCompletedExceptionally()) {
      some = collectSome(objects, id, fromOffset, parts);
    }
    return objects.hasNext()
        ? some.thenCompose(_ -> collect(objects, id, fromOffset, parts))
        : some;
  }

  private CompletableFuture<Void> collectSome(
      Iterator<ObjectInfo> objects, PartitionId id, long fromOffset, List<Part> parts) {
    CompletableFuture<Void> some = CompletableFuture.completedFuture(null);
    for (int i = 0; i < FOOTERS_AT_ONCE_MAX && objects.hasNext(); i++) {
      ObjectInfo object = objects.next();
      some =
          some.thenAcceptBoth(
              footers.get(object),
              (_, footer) ->
                  footer.of(id).stream()
                      .filter(part -> part.endOffset() > fromOffset)
                      .forEach(part -> parts.add(new Part(object, part))));
    }
    return some;
  }

  CompletableFuture<Optional<Part>> find(MetadataImage image, PartitionId id, long offset) {
    List<ObjectInfo> candidates = indexAt(image).overlapping(id, offset, offset + 1);
    for (ObjectInfo object : candidates) {
      Footer footer = footers.ifLoaded(object);
      PartitionFooter found = footer == null ? null : footer.at(id, offset);
      if (found != null) {
        return CompletableFuture.completedFuture(Optional.of(new Part(object, found)));
      }
    }
    return findIn(candidates, 0, id, offset)
        .thenCompose(found ->
            found.isPresent()
                ? CompletableFuture.completedFuture(found)
                : parts(image, id, offset).thenApply(parts -> parts.stream().findFirst()));
  }

  /**
   * Runs on the newest image, and again on a newer one when an object turns out to be gone. Fails
   * with {@link StoreUnavailableException} when that happens again and again.
   */
  <T> CompletableFuture<T> onImage(Function<MetadataImage, CompletableFuture<T>> work) {
    return onImage(metadata.image(), work, RELOADS_MAX);
  }

  private <T> CompletableFuture<T> onImage(
      MetadataImage image, Function<MetadataImage, CompletableFuture<T>> work, int reloads) {
    return work.apply(image)
        .exceptionallyCompose(failure -> {
          ObjectAbsentException absent = ObjectAbsentException.in(failure);
          if (absent == null) {
            return CompletableFuture.failedFuture(failure);
          }
          if (reloads == 0) {
            return CompletableFuture.failedFuture(
                new StoreUnavailableException(
                    "objects are merged faster than they are looked up, the last one was "
                        + absent.key()));
          }
          return metadata.refresh().thenCompose(newer -> again(newer, work, reloads, absent.key()));
        });
  }

  private <T> CompletableFuture<T> again(
      MetadataImage newer,
      Function<MetadataImage, CompletableFuture<T>> work,
      int reloads,
      String absent) {
    return refersTo(newer, absent)
        ? CompletableFuture.failedFuture(
            new ObjectCorruptException(
                "%s is not in the store, but the image at entry %d refers to it"
                    .formatted(absent, newer.entryNumber())))
        : onImage(newer, work, reloads - 1);
  }

  private static boolean refersTo(MetadataImage image, String key) {
    return image.objects().containsKey(key)
        || image.topics().values().stream()
            .flatMap(topic -> topic.partitions().stream())
            .anyMatch(p -> p.checkpoint().isPresent() && p.checkpoint().get().key().equals(key));
  }

  private ObjectIndex indexAt(MetadataImage image) {
    ObjectIndex present = index;
    ObjectIndex wanted = present.at(image);
    if (wanted != present) {
      index = wanted;
    }
    return wanted;
  }

  /** One footer after the other: most often the first few say it. */
  private CompletableFuture<Optional<Part>> findIn(
      List<ObjectInfo> candidates, int from, PartitionId id, long offset) {
    if (from == candidates.size()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    ObjectInfo object = candidates.get(from);
    return footers
        .get(object)
        .thenCompose(footer -> {
          PartitionFooter found = footer.at(id, offset);
          return found != null
              ? CompletableFuture.completedFuture(Optional.of(new Part(object, found)))
              : findIn(candidates, from + 1, id, offset);
        });
  }
}
