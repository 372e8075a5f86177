package io.millrace.storage.metadata;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.EventLoop;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A store in memory under virtual time that loses requests and replies, and lets some requests it
 * did not answer happen much later. Single-threaded, like all of a simulation.
 */
public final class LossyStore implements ObjectStore {
  private static final long DELAY_MAX_NS = 5_000_000L;
  private static final long LATE_MAX_NS = 20_000_000_000L;

  public final TreeMap<String, byte[]> objects;
  private final EventLoop loop;
  private final SplittableRandom random;
  private final int lossPercent;

  /** Of the requests that are answered, how many happen once more much later. */
  public int repeatPercent;

  public long puts;

  LossyStore(EventLoop loop, SplittableRandom random, int lossPercent) {
    this(loop, random, lossPercent, new TreeMap<>());
  }

  /** One client's way to a store that others share. */
  public LossyStore(
      EventLoop loop, SplittableRandom random, int lossPercent, TreeMap<String, byte[]> objects) {
    this.objects = objects;
    this.loop = loop;
    this.random = random;
    this.lossPercent = lossPercent;
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    byte[] bytes = new byte[body.remaining()];
    body.get(body.position(), bytes);
    puts++;
    return call(
        () ->
            objects.putIfAbsent(key, bytes) == null
                ? new PutOutcome.Stored()
                : new PutOutcome.Exists(),
        new PutOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    return call(
        () -> {
          byte[] found = objects.get(key);
          if (found == null) {
            return new GetOutcome.Absent();
          }
          return found.length > bytesMax
              ? new GetOutcome.TooLarge(found.length)
              : new GetOutcome.Found(ByteBuffer.wrap(found.clone()));
        },
        new GetOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    return call(
        () -> {
          List<String> keys =
              objects.tailMap(prefix, true).keySet().stream()
                  .takeWhile(k -> k.startsWith(prefix))
                  .filter(k -> k.compareTo(after) > 0)
                  .toList();
          return new ListOutcome.Keys(
              keys.subList(0, Math.min(keysMax, keys.size())), keys.size() > keysMax);
        },
        new ListOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    return call(
        () -> {
          objects.remove(key);
          return new DeleteOutcome.Deleted();
        },
        new DeleteOutcome.Unknown("lost"));
  }

  private <T> CompletableFuture<T> call(Supplier<T> effect, T unknown) {
    CompletableFuture<T> reply = new CompletableFuture<>();
    long delayNs = random.nextLong(DELAY_MAX_NS);
    boolean lost = random.nextInt(100) < lossPercent;
    switch (lost ? random.nextInt(3) : -1) {
      case 0 -> loop.schedule(delayNs, () -> reply.complete(unknown)); // the request
      case 1 -> loop.schedule(delayNs, () -> reply.complete(first(effect, unknown))); // the reply
      case 2 -> { // nothing, but the request is under way for long
        loop.schedule(delayNs, () -> reply.complete(unknown));
        loop.schedule(random.nextLong(LATE_MAX_NS), () -> first(effect, unknown));
      }
      default -> {
        loop.schedule(delayNs, () -> reply.complete(effect.get()));
        if (repeatPercent > 0 && random.nextInt(100) < repeatPercent) {
          loop.schedule(delayNs + random.nextLong(LATE_MAX_NS), effect::get);
        }
      }
    }
    return reply;
  }

  /** Does it, and answers something else. */
  private static <T> T first(Supplier<T> effect, T answer) {
    T lost = effect.get();
    return lost.equals(answer) ? lost : answer;
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    return call(
        () -> {
          byte[] found = objects.get(key);
          if (found == null) {
            return new GetOutcome.Absent();
          }
          int from = (int) Math.min(position, found.length);
          int to = Math.min(found.length, from + length);
          return new GetOutcome.Found(ByteBuffer.wrap(Arrays.copyOfRange(found, from, to)));
        },
        new GetOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public MultipartPut multipartPut(String key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
