package io.millrace.simulation.store;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectKeys;
import io.millrace.objectstore.ObjectStore;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/** One process's way to the {@link SimulatedStore}: every request has a {@link Fate}. */
final class StoreView implements ObjectStore {
  private static final String WAL = "wal/";

  private final SimulatedStore store;
  private final String name;
  private final Executor replies;
  private final Set<String> putsInFlight = new HashSet<>();

  StoreView(SimulatedStore store, String name, Executor replies) {
    this.store = store;
    this.name = name;
    this.replies = replies;
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    byte[] bytes = bytes(body);
    ObjectKeys.check(key);
    if (!putsInFlight.add(key) && key.startsWith(WAL)) {
      store.watcher().onHedged(name, key);
    }
    CompletableFuture<PutOutcome> put =
        call(
            () -> store.stored(name, key, bytes, truth().putIfAbsent(key, ByteBuffer.wrap(bytes))),
            PutOutcome.Unknown::new);
    put.whenComplete((_, _) -> putsInFlight.remove(key));
    return put;
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    ObjectKeys.check(key);
    return call(() -> SimulatedStore.now(truth().get(key, bytesMax)), GetOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    ObjectKeys.check(key);
    if (position < 0 || length < 0) {
      throw new IllegalArgumentException("range " + position + " + " + length);
    }
    return call(
        () -> SimulatedStore.now(truth().getRange(key, position, length)), GetOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    ObjectKeys.check(key);
    return call(() -> SimulatedStore.now(truth().head(key)), HeadOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    ObjectKeys.checkPrefix(prefix);
    return call(() -> store.list(name, prefix, after, keysMax), ListOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    ObjectKeys.check(key);
    return call(() -> store.delete(name, key), DeleteOutcome.Unknown::new);
  }

  @Override
  public MultipartPut multipartPut(String key) {
    ObjectKeys.check(key);
    return new PutInParts(key, truth().multipartPut(key));
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    ObjectKeys.checkPrefix(prefix);
    return call(
        () -> SimulatedStore.now(truth().unfinishedPuts(prefix)), UnfinishedOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    return call(() -> SimulatedStore.now(truth().abortUnfinished(put)), DeleteOutcome.Unknown::new);
  }

  @Override
  public void close() {}

  private MemoryStore truth() {
    return store.truth();
  }

  private <T> CompletableFuture<T> call(Supplier<T> effect, Function<String, T> unknown) {
    CompletableFuture<T> reply = new CompletableFuture<>();
    Fate fate = store.fate(name);
    if (!fate.answered()) {
      if (fate.effectAfterNs() >= 0) {
        store.loop().schedule(fate.effectAfterNs(), () -> unheard(effect.get()));
      }
      reply(reply, fate.replyAfterNs(), unknown.apply(fate.reason()));
      return reply;
    }
    long backNs = Math.max(0, fate.replyAfterNs() - fate.effectAfterNs());
    store.loop().schedule(fate.effectAfterNs(), () -> reply(reply, backNs, effect.get()));
    return reply;
  }

  /** It has happened, and nobody is told. */
  private static void unheard(Object outcome) {
    Objects.requireNonNull(outcome, "every call has an outcome");
  }

  private <T> void reply(CompletableFuture<T> reply, long afterNs, T outcome) {
    store.loop().schedule(afterNs, () -> replies.execute(() -> reply.complete(outcome)));
  }

  private static byte[] bytes(ByteBuffer body) {
    byte[] copy = new byte[body.remaining()];
    body.get(body.position(), copy);
    return copy;
  }

  private final class PutInParts implements MultipartPut {
    private final String key;
    private final MultipartPut real;
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

    PutInParts(String key, MultipartPut real) {
      this.key = key;
      this.real = real;
    }

    @Override
    public CompletableFuture<PartOutcome> begin() {
      return call(() -> SimulatedStore.now(real.begin()), PartOutcome.Unknown::new);
    }

    @Override
    public CompletableFuture<PartOutcome> append(ByteBuffer part) {
      byte[] bytes = bytes(part);
      return call(
          () -> {
            PartOutcome outcome = SimulatedStore.now(real.append(ByteBuffer.wrap(bytes)));
            if (outcome instanceof PartOutcome.Taken) {
              taken.writeBytes(bytes);
            }
            return outcome;
          },
          PartOutcome.Unknown::new);
    }

    @Override
    public CompletableFuture<PutOutcome> complete() {
      return call(
          () -> store.stored(name, key, taken.toByteArray(), real.complete()),
          PutOutcome.Unknown::new);
    }

    @Override
    public CompletableFuture<DeleteOutcome> abort() {
      return call(() -> SimulatedStore.now(real.abort()), DeleteOutcome.Unknown::new);
    }
  }
}
