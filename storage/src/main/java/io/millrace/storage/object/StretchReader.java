package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.Run;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Reads the runs of a stretch, laid end to end, and checks every batch. */
final class StretchReader {
  private final StoreReads reads;

  StretchReader(ObjectStore store) {
    this.reads = new StoreReads(store);
  }

  /**
   * One read for each run of bytes without a gap, all at once, into {@code target} from its
   * position 0 on.
   */
  CompletableFuture<Void> read(
      String key, PartitionId partition, List<Run> runs, ByteBuffer target) {
    CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
    int at = 0;
    int first = 0;
    while (first < runs.size()) {
      int next = first;
      int bytes = 0;
      do {
        bytes += runs.get(next).bytes();
        next++;
      } while (next < runs.size() && runs.get(next).position() == runs.get(next - 1).endPosition());
      int targetAt = at;
      CompletableFuture<Void> part =
          reads
              .read(key, runs.get(first).position(), bytes)
              .thenAccept(body -> target.put(targetAt, body, body.position(), body.remaining()));
      all = all.thenCombine(part, (_, _) -> null);
      at += bytes;
      first = next;
    }
    return all.thenRun(() -> verify(key, partition, runs, target));
  }

  private static void verify(String key, PartitionId partition, List<Run> runs, ByteBuffer target) {
    int at = 0;
    for (Run run : runs) {
      RunVerifier.verify(key, partition, run, target, at);
      at += run.bytes();
    }
  }
}
