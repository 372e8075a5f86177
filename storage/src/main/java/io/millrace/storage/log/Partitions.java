package io.millrace.storage.log;

import io.millrace.storage.PartitionId;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The partitions this incarnation leads; they open lazily. */
public interface Partitions {
  /**
   * The open partition; opens it first if need be. Fails with UnknownTopicIdException,
   * UnknownTopicOrPartitionException or NotLeaderOrFollowerException.
   */
  CompletableFuture<PartitionLog> open(PartitionId id);

  /** Without waiting: null if it is not open. */
  @Nullable PartitionLog ifOpen(PartitionId id);
}
