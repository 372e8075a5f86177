package io.millrace.storage.object;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.EventLoop;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A store in memory that counts calls, can lose the process that calls it in the middle of one, and
 * can show flipped bits.
 */
final class WatchedStore implements ObjectStore {
  private final MemoryStore memory;
  private final SplittableRandom random;
  final Map<String, Long> flippedBits = new HashMap<>();
  boolean flipNextOutput;
  private Runnable onCrash = () -> {};
  private long callsLeft = Long.MAX_VALUE;
  int unknownPercent;
  private int readsInFlight;
  int readsInFlightMax;
  long calls;

  WatchedStore(EventLoop loop, SplittableRandom random) {
    this.memory = new MemoryStore(task -> loop.schedule(random.nextLong(2_000_000), task));
    this.random = random;
  }

  /** In the {@code calls}-th call from now the caller dies; the call happens or not. */
  void crashIn(long calls, Runnable crash) {
    callsLeft = calls;
    onCrash = crash;
  }

  private <T> CompletableFuture<T> call(Supplier<CompletableFuture<T>> call, Supplier<T> unknown) {
    calls++;
    if (--callsLeft == 0) {
      if (random.nextBoolean()) {
        var _ = call.get();
      }
      onCrash.run();
      return new CompletableFuture<>();
    }
    if (random.nextInt(100) < unknownPercent) {
      return random.nextBoolean()
          ? call.get().thenApply(_ -> unknown.get())
          : CompletableFuture.completedFuture(unknown.get());
    }
    return call.get();
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    return call(() -> memory.putIfAbsent(key, body), () -> new PutOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    return call(
        () -> memory.get(key, bytesMax).thenApply(got -> shown(key, 0, got)),
        () -> new GetOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    readsInFlight++;
    readsInFlightMax = Math.max(readsInFlightMax, readsInFlight);
    return call(
            () ->
                memory.getRange(key, position, length).thenApply(got -> shown(key, position, got)),
            () -> new GetOutcome.Unknown("lost"))
        .whenComplete((_, _) -> readsInFlight--);
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    return call(() -> memory.head(key), () -> new HeadOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    return call(() -> memory.list(prefix, after, keysMax), () -> new ListOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    return call(() -> memory.delete(key), () -> new DeleteOutcome.Unknown("lost"));
  }

  @Override
  public MultipartPut multipartPut(String key) {
    MultipartPut put = memory.multipartPut(key);
    return new MultipartPut() {
      private long bytes;

      @Override
      public CompletableFuture<PartOutcome> begin() {
        return put.begin();
      }

      @Override
      public CompletableFuture<PartOutcome> append(ByteBuffer part) {
        bytes += part.remaining();
        return call(() -> put.append(part), () -> new PartOutcome.Unknown("lost"));
      }

      @Override
      public CompletableFuture<PutOutcome> complete() {
        if (flipNextOutput) {
          flippedBits.put(key, random.nextLong(bytes * 8));
          flipNextOutput = false;
        }
        return call(put::complete, () -> new PutOutcome.Unknown("lost"));
      }

      @Override
      public CompletableFuture<DeleteOutcome> abort() {
        return call(put::abort, () -> new DeleteOutcome.Unknown("lost"));
      }
    };
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    return call(() -> memory.unfinishedPuts(prefix), () -> new UnfinishedOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    return call(() -> memory.abortUnfinished(put), () -> new DeleteOutcome.Unknown("lost"));
  }

  @Override
  public void close() {}

  private GetOutcome shown(String key, long position, GetOutcome got) {
    Long bit = flippedBits.get(key);
    if (bit == null || !(got instanceof GetOutcome.Found(ByteBuffer body))) {
      return got;
    }
    long at = bit / 8 - position;
    if (at >= 0 && at < body.remaining()) {
      int index = body.position() + (int) at;
      body.put(index, (byte) (body.get(index) ^ (1 << (bit % 8))));
    }
    return got;
  }
}
