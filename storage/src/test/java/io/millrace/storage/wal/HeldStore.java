package io.millrace.storage.wal;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * A store in memory whose calls wait for the test to say what becomes of them, or answer by
 * themselves after a while. A body is read when the call happens, not when it is made.
 */
public final class HeldStore implements ObjectStore {
  public final MemoryStore memory = new MemoryStore();
  private final Executor answers;

  /** While true, calls wait in {@link #puts} and {@link #gets}. */
  public boolean held;

  public final List<Call<PutOutcome>> puts = new ArrayList<>();
  public final List<Call<GetOutcome>> gets = new ArrayList<>();
  public int putCount;
  public int getCount;

  public HeldStore(Executor answers) {
    this.answers = answers;
  }

  /** One call. */
  public static final class Call<T> {
    public final String key;
    private final Supplier<CompletableFuture<T>> effect;
    private final T unknown;
    private final CompletableFuture<T> reply = new CompletableFuture<>();

    private Call(String key, Supplier<CompletableFuture<T>> effect, T unknown) {
      this.key = key;
      this.effect = effect;
      this.unknown = unknown;
    }

    public void answer() {
      reply.complete(effect.get().join());
    }

    public void loseRequest() {
      reply.complete(unknown);
    }

    public void loseReply() {
      happen();
      reply.complete(unknown);
    }

    /** It happens; no answer yet. */
    public void happen() {
      effect.get().join();
    }
  }

  private <T> CompletableFuture<T> call(List<Call<T>> calls, Call<T> call) {
    if (held) {
      calls.add(call);
    } else {
      answers.execute(call::answer);
    }
    return call.reply;
  }

  /** The bytes under a key; fails if there are none. */
  public byte[] bytes(String key) {
    GetOutcome outcome = memory.get(key, Integer.MAX_VALUE).join();
    if (outcome instanceof GetOutcome.Found(ByteBuffer body)) {
      return TestBatch.copy(body, 0, body.limit());
    }
    throw new AssertionError(key + " is not there");
  }

  public void put(String key, ByteBuffer body) {
    if (!(memory.putIfAbsent(key, body).join() instanceof PutOutcome.Stored)) {
      throw new AssertionError(key + " is there already");
    }
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    putCount++;
    return call(
        puts, new Call<>(key, () -> memory.putIfAbsent(key, body), new PutOutcome.Unknown("held")));
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    getCount++;
    return call(
        gets, new Call<>(key, () -> memory.get(key, bytesMax), new GetOutcome.Unknown("held")));
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    getCount++;
    return call(
        gets,
        new Call<>(
            key, () -> memory.getRange(key, position, length), new GetOutcome.Unknown("held")));
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    return memory.list(prefix, after, keysMax);
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    return memory.head(key);
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    return memory.delete(key);
  }

  @Override
  public MultipartPut multipartPut(String key) {
    return memory.multipartPut(key);
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    return memory.unfinishedPuts(prefix);
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    return memory.abortUnfinished(put);
  }

  @Override
  public void close() {}
}
