package io.millrace.storage.metadata;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.Keys;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A store in memory under virtual time that loses requests and replies, and lets some requests it
 * did not answer happen much later. Single-threaded, like all of a simulation.
 */
public final class LossyStore implements ObjectStore {
  private static final long LATE_MAX_NS = 20_000_000_000L;

  public final NavigableMap<String, byte[]> objects;

  /** Every entry of the metadata that ever stood, by the hash of its bytes. */
  final Map<Long, Entry> entries = new HashMap<>();

  private final EventLoop loop;
  private final SplittableRandom random;
  private final Pace pace;
  private int lossPercent;

  /** Of the requests that are answered, how many happen once more much later. */
  public int repeatPercent;

  public long puts;

  LossyStore(EventLoop loop, SplittableRandom random, int lossPercent, Pace pace) {
    this(loop, random, lossPercent, pace, new TreeMap<>());
  }

  /** One client's way to a store that others share. */
  public LossyStore(
      EventLoop loop,
      SplittableRandom random,
      int lossPercent,
      NavigableMap<String, byte[]> objects) {
    this(loop, random, lossPercent, Pace.QUICK, objects);
  }

  private LossyStore(
      EventLoop loop,
      SplittableRandom random,
      int lossPercent,
      Pace pace,
      NavigableMap<String, byte[]> objects) {
    this.objects = objects;
    this.loop = loop;
    this.random = random;
    this.lossPercent = lossPercent;
    this.pace = pace;
  }

  /** How long calls take: between the half of it and one and a half. */
  record Pace(long putNs, long snapshotNs, long readNs) {
    static final Pace QUICK = new Pace(3_000_000, 300_000_000, 3_000_000);
    static final Pace BUCKET = new Pace(40_000_000, 400_000_000, 15_000_000);
  }

  /** What is under way may still be late. */
  void heal() {
    lossPercent = 0;
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    byte[] bytes = new byte[body.remaining()];
    body.get(body.position(), bytes);
    puts++;
    return call(
        key.startsWith(Keys.META_SNAPSHOT) ? pace.snapshotNs : pace.putNs,
        () -> {
          if (objects.putIfAbsent(key, bytes) != null) {
            return new PutOutcome.Exists();
          }
          if (key.startsWith(Keys.META_LOG)) {
            entries.put(
                Hashes.of(bytes), EntryCodec.decode(Keys.number(key), ByteBuffer.wrap(bytes)));
          }
          return new PutOutcome.Stored();
        },
        new PutOutcome.Unknown("lost"));
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    return call(
        pace.readNs,
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
        pace.readNs,
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
        pace.putNs,
        () -> {
          objects.remove(key);
          return new DeleteOutcome.Deleted();
        },
        new DeleteOutcome.Unknown("lost"));
  }

  /** Happens half-way between request and reply. */
  private <T> CompletableFuture<T> call(long paceNs, Supplier<T> effect, T unknown) {
    CompletableFuture<T> reply = new CompletableFuture<>();
    long delayNs = paceNs / 2 + random.nextLong(paceNs);
    boolean lost = random.nextInt(100) < lossPercent;
    switch (lost ? random.nextInt(3) : -1) {
      case 0 -> loop.schedule(delayNs, () -> reply.complete(unknown)); // the request
      case 1 -> loop.schedule(delayNs, () -> reply.complete(first(effect, unknown))); // the reply
      case 2 -> { // nothing, but the request is under way for long
        loop.schedule(delayNs, () -> reply.complete(unknown));
        loop.schedule(random.nextLong(LATE_MAX_NS), () -> first(effect, unknown));
      }
      default -> {
        loop.schedule(
            delayNs / 2,
            () -> {
              T answer = effect.get();
              loop.schedule(delayNs - delayNs / 2, () -> reply.complete(answer));
            });
        if (repeatPercent > 0 && random.nextInt(100) < repeatPercent) {
          loop.schedule(delayNs + random.nextLong(LATE_MAX_NS), () -> first(effect, unknown));
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
        pace.readNs,
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
