package io.millrace.storage.recovery;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Randomness;
import io.millrace.storage.Keys;
import io.millrace.storage.StoreCalls;
import io.millrace.storage.WriterId;
import io.millrace.storage.wal.ObjectWal;
import io.millrace.storage.wal.SealCodec;
import java.util.concurrent.CompletableFuture;

/**
 * Ends the log of an ObjectWal: {@code fence/<writer>} first, then seals in place of entries, many
 * at a time from the frozen trim on, in growing windows so that it overtakes a writer at full
 * speed. The log ends before the first seal below which every number holds an entry. Whoever
 * repeats it finds the same end, for that seal never goes. Steps: docs/protocols/fence-and-seal.md.
 */
public final class ObjectSeal implements WalSeal {
  /** Wider than what a writer may have in flight. */
  static final int WINDOW_FIRST = 2 * ObjectWal.PUTS_IN_FLIGHT_MAX;

  private static final int AT_ONCE_MAX = 256;

  private final StoreCalls calls;
  private final EventLoop loop;

  /** Works on {@code loop}; futures complete there. */
  public ObjectSeal(ObjectStore store, EventLoop loop, Randomness randomness) {
    this.loop = loop;
    this.calls = new StoreCalls(store, loop, randomness);
  }

  /** What stands under a number of the log. */
  private enum Holds {
    ENTRY,
    SEAL
  }

  @Override
  public CompletableFuture<Long> seal(WriterId ended, long trim) {
    return calls
        .putIfAbsent(Keys.fence(ended), SealCodec.fence(ended))
        .thenComposeAsync(_ -> window(ended, trim + 1, WINDOW_FIRST), loop);
  }

  private CompletableFuture<Long> window(WriterId ended, long from, int size) {
    long[] firstSeal = {Long.MAX_VALUE};
    return InOrder.run(
            from,
            from + size,
            Math.min(size, AT_ONCE_MAX),
            sequence -> sealOne(ended, sequence),
            (holds, sequence) -> {
              if (holds == Holds.SEAL) {
                firstSeal[0] = Math.min(firstSeal[0], sequence);
              }
            })
        .thenCompose(_ ->
            firstSeal[0] == Long.MAX_VALUE
                ? window(ended, from + size, Math.multiplyExact(2, size))
                : CompletableFuture.completedFuture(firstSeal[0] - 1));
  }

  private CompletableFuture<Holds> sealOne(WriterId ended, long sequence) {
    return calls
        .putIfAbsent(Keys.wal(ended, sequence), SealCodec.seal(ended, sequence))
        .thenCompose(outcome ->
            switch (outcome) {
              case PutOutcome.Stored _ -> CompletableFuture.completedFuture(Holds.SEAL);
              case PutOutcome.Exists _ -> look(ended, sequence);
              case PutOutcome.Unknown unknown ->
                  throw new IllegalStateException("no answer: " + unknown);
            });
  }

  private CompletableFuture<Holds> look(WriterId ended, long sequence) {
    String key = Keys.wal(ended, sequence);
    return calls
        .get(key, SealCodec.SEAL_BYTES)
        .thenApply(outcome ->
            switch (outcome) {
              case GetOutcome.TooLarge _ -> Holds.ENTRY;
              case GetOutcome.Found(var body) when SealCodec.isSeal(body, ended, sequence) ->
                  Holds.SEAL;
              case GetOutcome.Found _ ->
                  throw new WalCorruptException(key + " holds neither an entry nor a seal");
              // Collected meanwhile, so somebody has recovered the log: what comes of this is void.
              case GetOutcome.Absent _ -> Holds.ENTRY;
              case GetOutcome.Unknown unknown ->
                  throw new IllegalStateException("no answer: " + unknown);
            });
  }
}
