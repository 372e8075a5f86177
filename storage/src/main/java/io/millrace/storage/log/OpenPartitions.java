package io.millrace.storage.log;

import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.object.Checkpointer;
import io.millrace.storage.object.DamageLog;
import io.millrace.storage.object.PartitionSummary;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * The partitions this incarnation has opened. Those who ask for one while it opens are answered in
 * the order they asked, before anybody finds it open, so that requests of one connection keep their
 * order. Closes what the image says is no longer led. Any thread may call.
 */
@SuppressWarnings("ReferenceEquality") // a slot and an open partition are what they are, not values
final class OpenPartitions implements Partitions, Checkpointer.Summaries {
  private final MetadataLog metadata;
  private final WriterId writer;
  private final Function<PartitionId, CompletableFuture<OpenPartition>> opener;
  private final int opensMax;
  private final DamageLog damage;

  /** Open, and nobody waits for it any more. */
  private final Map<PartitionId, OpenPartition> ready = new ConcurrentHashMap<>();

  // guarded by this
  private final Map<PartitionId, Slot> slots = new TreeMap<>();
  private final ArrayDeque<PartitionId> queue = new ArrayDeque<>();
  private final Set<PartitionId> leaving = new HashSet<>();
  private int opening;
  private @Nullable ApiException closed;

  /** A partition that opens or is open. */
  private static final class Slot {
    private final List<CompletableFuture<PartitionLog>> waiters = new ArrayList<>();
    private @Nullable OpenPartition partition;
  }

  /**
   * @param opener opens a partition that the image says is led here; as many at a time as {@code
   *     opensMax}
   */
  OpenPartitions(
      MetadataLog metadata,
      Function<PartitionId, CompletableFuture<OpenPartition>> opener,
      int opensMax,
      DamageLog damage) {
    this.metadata = metadata;
    this.writer = metadata.writer();
    this.opener = opener;
    this.opensMax = opensMax;
    this.damage = damage;
  }

  @Override
  public @Nullable PartitionLog ifOpen(PartitionId id) {
    OpenPartition found = ready.get(id);
    return found == null ? null : found.log();
  }

  @Override
  public CompletableFuture<PartitionLog> open(PartitionId id) {
    OpenPartition found = ready.get(id);
    if (found != null) {
      return CompletableFuture.completedFuture(found.log());
    }
    CompletableFuture<PartitionLog> waiter = new CompletableFuture<>();
    synchronized (this) {
      ApiException refusal = refusalNow(id);
      if (refusal != null) {
        return CompletableFuture.failedFuture(refusal);
      }
      Slot slot = slots.get(id);
      if (slot == null) {
        slot = new Slot();
        slots.put(id, slot);
        queue.add(id);
      } else if (slot.partition != null && ready.containsKey(id)) {
        return CompletableFuture.completedFuture(slot.partition.log());
      }
      slot.waiters.add(waiter);
    }
    openNext();
    return waiter;
  }

  private void openNext() {
    while (true) {
      PartitionId id;
      Slot slot;
      synchronized (this) {
        if (opening >= opensMax || queue.isEmpty()) {
          return;
        }
        id = queue.remove();
        slot = slots.get(id);
        if (slot == null) {
          continue; // those who waited were answered as everything closed
        }
        opening++;
      }
      begin(id).whenComplete((partition, failure) -> opened(id, slot, partition, failure));
    }
  }

  private CompletableFuture<OpenPartition> begin(PartitionId id) {
    try {
      return opener.apply(id);
    } catch (ApiException gone) {
      return CompletableFuture.failedFuture(gone);
    }
  }

  private void opened(
      PartitionId id, Slot slot, @Nullable OpenPartition partition, @Nullable Throwable failure) {
    Throwable cause = failure;
    synchronized (this) {
      opening--;
      if (partition != null) {
        ApiException refusal = refusalNow(id);
        if (refusal != null) {
          cause = refusal;
        } else if (epochNow(id) != partition.log().leaderEpoch()) {
          cause = movedMeanwhile(id); // what it was opened from may lack what another leader wrote
        } else {
          slot.partition = partition;
        }
      }
    }
    if (cause != null) {
      fail(id, slot, cause);
    } else if (partition != null) {
      Partition now = metadata.image().partition(id);
      if (now != null) {
        partition.log().onLogStart(now.logStart()); // it may have moved since it was read
      }
      answer(id, slot, partition);
    }
    openNext();
  }

  private void answer(PartitionId id, Slot slot, OpenPartition partition) {
    while (true) {
      List<CompletableFuture<PartitionLog>> waiters;
      synchronized (this) {
        if (slots.get(id) != slot) {
          return; // dropped meanwhile, and so were its waiters
        }
        if (slot.waiters.isEmpty()) {
          ready.put(id, partition);
          return;
        }
        waiters = List.copyOf(slot.waiters);
        slot.waiters.clear();
      }
      waiters.forEach(waiter -> waiter.complete(partition.log()));
    }
  }

  private void fail(PartitionId id, Slot slot, Throwable cause) {
    List<CompletableFuture<PartitionLog>> waiters;
    synchronized (this) {
      slots.remove(id, slot);
      waiters = List.copyOf(slot.waiters);
      slot.waiters.clear();
    }
    Throwable told = inKafkasTerms(id, cause);
    waiters.forEach(waiter -> waiter.completeExceptionally(told));
  }

  /** Damage is told as such to who reads what is damaged; here nothing of the log can be had. */
  private Throwable inKafkasTerms(PartitionId id, Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    if (!(cause instanceof CorruptRecordException)) {
      return failure;
    }
    String message = "%s cannot be opened: %s".formatted(id, cause.getMessage());
    damage.onDamage(message);
    return new KafkaStorageException(message, cause);
  }

  /**
   * Closes what is no longer led; tells log starts. On the metadata loop, for each image in order.
   */
  @SuppressWarnings("ReferenceEquality") // an image without change to topics has the same map
  void onImage(MetadataImage before, MetadataImage after) {
    if (before.sameTopics(after)) {
      return;
    }
    for (OpenPartition partition : all()) {
      PartitionId id = partition.log().id();
      ApiException refusal = refusal(after, id);
      Partition now = after.partition(id);
      if (refusal != null || now == null || now.leaderEpoch() != partition.log().leaderEpoch()) {
        remove(id, partition, refusal != null ? refusal : movedMeanwhile(id));
      } else {
        partition.log().onLogStart(now.logStart());
      }
    }
  }

  /**
   * Takes nothing more for the partition until {@link #stay} or until it is led elsewhere.
   * Completes when the WAL holds nothing of it that is not durable; fails if the WAL ends first.
   */
  CompletableFuture<Void> leave(PartitionId id) {
    OpenPartition partition;
    synchronized (this) {
      leaving.add(id);
      ready.remove(id);
      partition = find(id);
    }
    if (partition == null) {
      return CompletableFuture.completedFuture(null);
    }
    partition.log().close(new NotLeaderOrFollowerException(id + " is moving to another broker."));
    return partition.log().settled();
  }

  /**
   * It stays here after all, or is led by another: what was open of it is dropped, since everything
   * is published; the next who asks opens it anew or is refused.
   */
  void stay(PartitionId id) {
    OpenPartition partition;
    synchronized (this) {
      leaving.remove(id);
      partition = find(id);
    }
    if (partition != null) {
      remove(id, partition, new NotLeaderOrFollowerException(id + " has moved."));
    }
  }

  /** Closes everything; nothing opens from now on. */
  void close(ApiException reason) {
    List<CompletableFuture<PartitionLog>> waiters = new ArrayList<>();
    synchronized (this) {
      if (closed != null) {
        return;
      }
      closed = reason;
      slots.values().forEach(slot -> waiters.addAll(slot.waiters));
      slots.values().forEach(slot -> slot.waiters.clear());
      queue.clear();
    }
    for (OpenPartition partition : all()) {
      remove(partition.log().id(), partition, reason);
    }
    waiters.forEach(waiter -> waiter.completeExceptionally(reason));
  }

  @Override
  public @Nullable PartitionSummary published(PartitionId id) {
    OpenPartition found = find(id);
    return found == null ? null : found.published();
  }

  @Override
  public void advanced(PartitionSummary summary) {
    OpenPartition found = find(summary.partition());
    if (found != null) {
      found.advanced(summary);
    }
  }

  /** Those open now, in order. */
  synchronized Collection<OpenPartition> all() {
    List<OpenPartition> open = new ArrayList<>();
    for (Slot slot : slots.values()) {
      if (slot.partition != null) {
        open.add(slot.partition);
      }
    }
    return open;
  }

  synchronized @Nullable OpenPartition find(PartitionId id) {
    Slot slot = slots.get(id);
    return slot == null ? null : slot.partition;
  }

  private void remove(PartitionId id, OpenPartition partition, ApiException reason) {
    List<CompletableFuture<PartitionLog>> waiters = List.of();
    synchronized (this) {
      ready.remove(id, partition);
      Slot slot = slots.get(id);
      if (slot != null && slot.partition == partition) {
        slots.remove(id);
        waiters = List.copyOf(slot.waiters);
        slot.waiters.clear();
      }
    }
    partition.log().close(reason);
    waiters.forEach(waiter -> waiter.completeExceptionally(reason));
  }

  private @Nullable ApiException refusalNow(PartitionId id) {
    if (closed != null) {
      return closed;
    }
    return leaving.contains(id)
        ? new NotLeaderOrFollowerException(id + " is moving to another broker.")
        : refusal(metadata.image(), id);
  }

  private int epochNow(PartitionId id) {
    Partition partition = metadata.image().partition(id);
    return partition == null ? -1 : partition.leaderEpoch();
  }

  private static ApiException movedMeanwhile(PartitionId id) {
    return new NotLeaderOrFollowerException(id + " has another leader epoch.");
  }

  private @Nullable ApiException refusal(MetadataImage image, PartitionId id) {
    if (image.topic(id.topicId()) == null) {
      return new UnknownTopicIdException("There is no topic with the id " + id.topicId() + ".");
    }
    Partition partition = image.partition(id);
    if (partition == null) {
      return new UnknownTopicOrPartitionException("There is no partition " + id + ".");
    }
    return partition.leader().isPresent() && partition.leader().get().equals(writer)
        ? null
        : new NotLeaderOrFollowerException("This broker does not lead " + id + ".");
  }
}
