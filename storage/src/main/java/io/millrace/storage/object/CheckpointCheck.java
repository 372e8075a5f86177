package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.Finding;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;

/** Proves that the checkpoints which an image names are there and whole. For tools; blocks. */
public final class CheckpointCheck {
  private static final long CACHE_BYTES = 64 << 20;

  private final CheckpointCache checkpoints;

  /** Objects that are damaged or gone: said once, for they hold many partitions. */
  private final Set<String> bad = new HashSet<>();

  private final List<Finding> findings = new ArrayList<>();

  public CheckpointCheck(ObjectStore store) {
    this.checkpoints = new CheckpointCache(store, CACHE_BYTES);
  }

  public List<Finding> findings() {
    return List.copyOf(findings);
  }

  /** Of one partition. */
  public void run(PartitionId id, Checkpoint named) {
    if (bad.contains(named.key())) {
      return;
    }
    try {
      checkpoints.get(id, named).join();
    } catch (CompletionException e) {
      Throwable cause = FailureCause.of(e);
      if (cause instanceof ObjectAbsentException) {
        findings.add(Finding.missing(named.key(), "the checkpoint of partition " + id));
      } else if (cause instanceof ObjectCorruptException) {
        findings.add(Finding.damaged(named.key(), String.valueOf(cause.getMessage())));
      } else {
        throw e;
      }
      bad.add(named.key());
    }
  }
}
