package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.object.Footer.PartitionFooter;
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
   *
   * @param runs of the part
   */
  CompletableFuture<Void> read(
      String key, PartitionFooter part, List<Run> runs, ByteBuffer target) {
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
      CompletableFuture<Void> stretch =
          reads
              .read(key, runs.get(first).position(), bytes)
              .thenAccept(body -> target.put(targetAt, body, body.position(), body.remaining()));
      all = all.thenCombine(stretch, (_, _) -> null);
      at += bytes;
      first = next;
    }
    return all.thenRun(() -> verify(key, part, runs, target));
  }

  private static void verify(String key, PartitionFooter part, List<Run> runs, ByteBuffer target) {
    int at = 0;
    for (Run run : runs) {
      RunVerifier.verify(key, part.partition(), part.isCompacted(), run, target, at);
      at += run.bytes();
    }
  }
}
