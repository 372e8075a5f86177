package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.CheckpointWriter.Led;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSortedMap;
import org.pcollections.TreePMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes checkpoints of the partitions this incarnation leads: from time to time, and when asked,
 * of those of which something was published since the last. On one loop; one round at a time.
 */
public final class Checkpointer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpointer.class);

  private final MetadataLog metadata;
  private final FooterCache footers;
  private final PartitionOpener opener;
  private final CheckpointWriter writer;
  private final EventLoop loop;
  private final Clock clock;
  private final Summaries known;
  private final DamageLog damage;
  private final TreeSet<PartitionId> dirty = new TreeSet<>();
  private PSortedMap<String, ObjectInfo> seen = TreePMap.empty();
  private CompletableFuture<Void> round = CompletableFuture.completedFuture(null);
  private volatile boolean stopped;

  /** What open partitions know of what of them is published; producers age in there. */
  public interface Summaries {
    Summaries NONE =
        new Summaries() {
          @Override
          public @Nullable PartitionSummary published(PartitionId id) {
            return null;
          }

          @Override
          public void advanced(PartitionSummary summary) {}
        };

    /** Null if it is not open. */
    @Nullable PartitionSummary published(PartitionId id);

    /** A partition, if it is open, was followed so far. */
    void advanced(PartitionSummary summary);
  }

  /**
   * @param known summaries of open partitions; the others are opened for the purpose
   */
  public Checkpointer(
      ObjectStore store,
      MetadataLog metadata,
      FooterCache footers,
      PartitionOpener opener,
      EventLoop loop,
      Clock clock,
      Summaries known,
      DamageLog damage) {
    this.metadata = metadata;
    this.footers = footers;
    this.opener = opener;
    this.writer = new CheckpointWriter(store, metadata, loop);
    this.loop = loop;
    this.clock = clock;
    this.known = known;
    this.damage = damage;
  }

  /**
   * On the metadata loop, for each image in order: of what is led here from now on the former
   * leader may have published more than its last checkpoint covers.
   */
  @SuppressWarnings("ReferenceEquality") // a topic without a change is the very object
  public void onImage(MetadataImage before, MetadataImage after) {
    if (before.sameTopics(after)) {
      return;
    }
    List<PartitionId> taken = new ArrayList<>();
    for (Topic topic : after.topics().values()) {
      if (topic != before.topic(topic.id())) {
        for (int i = 0; i < topic.partitions().size(); i++) {
          PartitionId id = new PartitionId(topic.id(), i);
          if (leads(after, id) && !leads(before, id) && before.partition(id) != null) {
            taken.add(id);
          }
        }
      }
    }
    if (!taken.isEmpty()) {
      loop.execute(() -> dirty.addAll(taken));
    }
  }

  /** A round every {@code intervalNs} from now on. */
  public void start(long intervalNs) {
    loop.schedule(
        intervalNs,
        () -> {
          if (!stopped && !metadata.ended().isDone()) {
            var _ = round().whenCompleteAsync((_, failure) -> report(failure, intervalNs), loop);
          }
        });
  }

  /**
   * A round that begins now or after the one under way; fails if the store or the incarnation does.
   */
  public CompletableFuture<Void> checkpoint() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    loop.execute(() -> {
      var _ =
          round()
              .whenComplete((_, failure) -> {
                if (failure == null) {
                  done.complete(null);
                } else {
                  done.completeExceptionally(failure);
                }
              });
    });
    return done;
  }

  /** No further rounds by time. */
  @Override
  public void close() {
    stopped = true;
  }

  private void report(@Nullable Throwable failure, long intervalNs) {
    if (failure != null && !metadata.ended().isDone()) {
      LOG.warn(
          "Checkpoints were not written, the next round tries again: {}",
          FailureCause.of(failure).toString());
    }
    start(intervalNs);
  }

  private CompletableFuture<Void> round() {
    round = round.exceptionally(_ -> null).thenComposeAsync(_ -> roundNow(), loop);
    return round;
  }

  private CompletableFuture<Void> roundNow() {
    MetadataImage image = metadata.image();
    List<ObjectInfo> fresh = new ArrayList<>();
    for (ObjectInfo object : image.objects().values()) {
      boolean others =
          !object.writer().equals(metadata.writer()) && image.isRegistered(object.writer());
      if (!others && !seen.containsKey(object.key()) && (object.level() == 0 || !seen.isEmpty())) {
        fresh.add(object); // what others write they checkpoint, until it is taken over
      }
    }
    Iterator<ObjectInfo> objects = fresh.iterator();
    return LoopSteps.repeat(
            loop,
            () ->
                objects.hasNext()
                    ? markDirty(image, objects.next())
                    : CompletableFuture.completedFuture(false))
        .thenComposeAsync(_ -> writeDirty(image), loop)
        .thenRun(() -> seen = image.objects());
  }

  private CompletableFuture<Boolean> markDirty(MetadataImage image, ObjectInfo object) {
    return footers
        .get(object)
        .thenApplyAsync(
            footer -> {
              footer.partitions().stream()
                  .filter(p ->
                      leads(image, p.partition())
                          && p.endOffset() > checkpointEnd(image, p.partition()))
                  .forEach(p -> dirty.add(p.partition()));
              return true;
            },
            loop)
        .exceptionally(failure -> {
          if (ObjectAbsentException.in(failure) != null) {
            return true; // merged meanwhile; the object it went into is new to the next round
          }
          return withoutDamaged(failure);
        });
  }

  private CompletableFuture<Void> writeDirty(MetadataImage image) {
    dirty.removeIf(id -> !leads(image, id));
    Iterator<PartitionId> ids = List.copyOf(dirty).iterator();
    List<Led> led = new ArrayList<>();
    return LoopSteps.repeat(
            loop,
            () ->
                ids.hasNext()
                    ? summarize(image, ids.next(), led)
                    : CompletableFuture.completedFuture(false))
        .thenComposeAsync(_ -> writer.write(led), loop)
        .thenRunAsync(() -> led.forEach(p -> dirty.remove(p.checkpoint().partition())), loop);
  }

  private CompletableFuture<Boolean> summarize(MetadataImage image, PartitionId id, List<Led> led) {
    PartitionSummary summaryOfOpen = known.published(id);
    Partition partition = image.partition(id);
    return (summaryOfOpen == null ? opener.open(id) : opener.advance(summaryOfOpen))
        .thenApplyAsync(
            summary -> {
              known.advanced(summary);
              long nowMs = TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs());
              if (partition != null && summary.end() > checkpointEnd(image, id)) {
                led.add(new Led(summary.checkpoint(nowMs), partition.leaderEpoch()));
              } else {
                dirty.remove(id);
              }
              return true;
            },
            loop)
        .exceptionally(failure ->
            FailureCause.of(failure) instanceof UnknownTopicIdException || withoutDamaged(failure));
  }

  /** What is damaged costs no other partition its checkpoint. */
  private boolean withoutDamaged(Throwable failure) {
    if (FailureCause.of(failure) instanceof ObjectCorruptException damaged) {
      damage.onDamage("A partition gets no checkpoint: " + damaged.getMessage());
      return true;
    }
    throw failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
  }

  private boolean leads(MetadataImage image, PartitionId id) {
    Partition partition = image.partition(id);
    return partition != null && partition.leader().equals(Optional.of(metadata.writer()));
  }

  private static long checkpointEnd(MetadataImage image, PartitionId id) {
    Partition partition = image.partition(id);
    return partition == null ? 0 : partition.checkpoint().map(Checkpoint::end).orElse(0L);
  }
}
