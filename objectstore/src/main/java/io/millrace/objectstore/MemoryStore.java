package io.millrace.objectstore;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Objects in the heap of one process, for tests. Every call is atomic; it happens and answers on
 * the given executor.
 */
public final class MemoryStore implements ObjectStore {
  private final Executor executor;
  private final TreeMap<String, byte[]> objects = new TreeMap<>();
  private final Map<String, String> unfinished = new TreeMap<>();
  private long nextId;

  public MemoryStore(Executor executor) {
    this.executor = executor;
  }

  /** Answers on the caller's thread before the call returns. */
  public MemoryStore() {
    this(Runnable::run);
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    ObjectKeys.check(key);
    return run(() -> put(key, bytes(body)));
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    ObjectKeys.check(key);
    return run(() -> {
      byte[] body = objects.get(key);
      if (body == null) {
        return new GetOutcome.Absent();
      }
      return body.length > bytesMax
          ? new GetOutcome.TooLarge(body.length)
          : new GetOutcome.Found(ByteBuffer.wrap(body.clone()));
    });
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    ObjectKeys.check(key);
    if (position < 0 || length < 0) {
      throw new IllegalArgumentException("range " + position + " + " + length);
    }
    return run(() -> {
      byte[] body = objects.get(key);
      if (body == null) {
        return new GetOutcome.Absent();
      }
      int from = (int) Math.min(position, body.length);
      int count = Math.min(length, body.length - from);
      byte[] part = new byte[count];
      System.arraycopy(body, from, part, 0, count);
      return new GetOutcome.Found(ByteBuffer.wrap(part));
    });
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    ObjectKeys.check(key);
    return run(() -> {
      byte[] body = objects.get(key);
      return body == null ? new HeadOutcome.Absent() : new HeadOutcome.Found(body.length);
    });
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    ObjectKeys.checkPrefix(prefix);
    if (keysMax < 1) {
      throw new IllegalArgumentException("keysMax " + keysMax);
    }
    return run(() -> {
      List<String> keys = new ArrayList<>();
      String from = after.compareTo(prefix) > 0 ? after : prefix;
      for (String key : objects.tailMap(from, true).keySet()) {
        if (!key.startsWith(prefix)) {
          break;
        }
        if (key.equals(after)) {
          continue;
        }
        if (keys.size() == keysMax) {
          return new ListOutcome.Keys(List.copyOf(keys), true);
        }
        keys.add(key);
      }
      return new ListOutcome.Keys(List.copyOf(keys), false);
    });
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    ObjectKeys.check(key);
    return run(() -> {
      objects.remove(key);
      return new DeleteOutcome.Deleted();
    });
  }

  @Override
  public synchronized MultipartPut multipartPut(String key) {
    ObjectKeys.check(key);
    String id = Long.toString(nextId++);
    return new MemoryPut(key, id);
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    ObjectKeys.checkPrefix(prefix);
    return run(() -> {
      List<UnfinishedPut> puts = new ArrayList<>();
      unfinished.forEach((id, key) -> {
        if (key.startsWith(prefix)) {
          puts.add(new UnfinishedPut(key, id));
        }
      });
      return new UnfinishedOutcome.Puts(List.copyOf(puts));
    });
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    return run(() -> {
      unfinished.remove(put.id(), put.key());
      return new DeleteOutcome.Deleted();
    });
  }

  @Override
  public void close() {}

  private PutOutcome put(String key, byte[] body) {
    if (objects.containsKey(key)) {
      return new PutOutcome.Exists();
    }
    String below = objects.higherKey(key + "/");
    if (below != null && below.startsWith(key + "/")) {
      return new PutOutcome.Unknown(key + " is a path prefix of " + below);
    }
    for (int i = key.indexOf('/'); i >= 0; i = key.indexOf('/', i + 1)) {
      if (objects.containsKey(key.substring(0, i))) {
        return new PutOutcome.Unknown(key.substring(0, i) + " is a path prefix of " + key);
      }
    }
    objects.put(key, body);
    return new PutOutcome.Stored();
  }

  private <T> CompletableFuture<T> run(Supplier<T> call) {
    CompletableFuture<T> future = new CompletableFuture<>();
    executor.execute(() -> {
      T outcome;
      synchronized (this) {
        outcome = call.get();
      }
      future.complete(outcome);
    });
    return future;
  }

  private static byte[] bytes(ByteBuffer body) {
    byte[] copy = new byte[body.remaining()];
    body.get(body.position(), copy);
    return copy;
  }

  private final class MemoryPut implements MultipartPut {
    private final String key;
    private final String id;
    private final ByteArrayOutputStream parts = new ByteArrayOutputStream();

    MemoryPut(String key, String id) {
      this.key = key;
      this.id = id;
    }

    @Override
    public CompletableFuture<PartOutcome> begin() {
      return CompletableFuture.completedFuture(new PartOutcome.Taken());
    }

    @Override
    public CompletableFuture<PartOutcome> append(ByteBuffer part) {
      return run(() -> {
        if (parts.size() == 0) {
          unfinished.put(id, key);
        }
        if (!unfinished.containsKey(id)) {
          return new PartOutcome.Unknown("the put of " + key + " was aborted");
        }
        parts.writeBytes(bytes(part));
        return new PartOutcome.Taken();
      });
    }

    @Override
    public CompletableFuture<PutOutcome> complete() {
      return run(() -> {
        if (parts.size() > 0 && unfinished.remove(id) == null) {
          return new PutOutcome.Unknown("the put of " + key + " was aborted");
        }
        return put(key, parts.toByteArray());
      });
    }

    @Override
    public CompletableFuture<DeleteOutcome> abort() {
      return run(() -> {
        unfinished.remove(id);
        return new DeleteOutcome.Deleted();
      });
    }
  }
}
