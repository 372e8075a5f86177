package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PartOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Stores that break one promise each, and what the probe says of them. */
class StoreProbeTest {
  private final SimulatedClock clock = new SimulatedClock(new SimulatedScheduler(1));

  @Test
  void aSoundStorePasses() {
    assertThat(probe(new ForwardingStore(new MemoryStore()))).isEqualTo(new ProbeOutcome.Passed());
  }

  @Test
  void aStoreWithTwoWinnersIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  private int puts;

                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    puts++;
                    return puts == 17
                        ? done(new PutOutcome.Stored())
                        : super.putIfAbsent(key, body);
                  }
                }))
        .isEqualTo(refused("put-if-absent is atomic", "2 of 32 racing puts were stored"));
  }

  @Test
  void aStoreThatIgnoresTheConditionIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    return delete(key).thenCompose(deleted -> super.putIfAbsent(key, body));
                  }
                }))
        .isEqualTo(refused("put-if-absent is atomic", "32 of 32 racing puts were stored"));
  }

  @Test
  void aStoreThatIgnoresTheConditionOnceTheRaceIsOverIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  private int puts;

                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    puts++;
                    return puts <= StoreProbe.RACERS_SHARED
                        ? super.putIfAbsent(key, body)
                        : done(new PutOutcome.Stored());
                  }
                }))
        .isEqualTo(refused("a key is put once", "a second put was stored"));
  }

  @Test
  void aStoreThatSaysExistsAndReplacesIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    return super.putIfAbsent(key, body)
                        .thenCompose(put ->
                            delete(key)
                                .thenCompose(deleted -> super.putIfAbsent(key, body))
                                .thenApply(replaced -> put));
                  }
                }))
        .isEqualTo(refused("an object is read as it was stored", "other bytes"));
  }

  @Test
  void aStoreWithoutAWinnerIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    return done(new PutOutcome.Exists());
                  }
                }))
        .isEqualTo(refused("put-if-absent is atomic", "0 of 32 racing puts were stored"));
  }

  @Test
  void aStoreThatReadsStaleIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
                    return done(new GetOutcome.Absent());
                  }
                }))
        .isEqualTo(refused("an object is read as it was stored", "nothing"));
  }

  @Test
  void aStoreThatListsStaleIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<ListOutcome> list(
                      String prefix, String after, int keysMax) {
                    return done(new ListOutcome.Keys(List.of(), false));
                  }
                }))
        .isEqualTo(refused("a stored object is listed at once", "listed are []"));
  }

  @Test
  void aStoreThatStillListsWhatIsDeletedIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<ListOutcome> list(
                      String prefix, String after, int keysMax) {
                    return done(new ListOutcome.Keys(List.of(prefix), false));
                  }
                }))
        .isInstanceOfSatisfying(
            ProbeOutcome.Refused.class,
            refused -> assertThat(refused.check()).isEqualTo("a deleted object is listed no more"));
  }

  @Test
  void aStoreThatStillReadsWhatIsDeletedIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<DeleteOutcome> delete(String key) {
                    return done(new DeleteOutcome.Deleted());
                  }
                }))
        .isEqualTo(refused("a deleted object is absent", "found 8 bytes"));
  }

  @Test
  void aStoreThatHoldsWhatWasNeverPutIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<HeadOutcome> head(String key) {
                    return done(new HeadOutcome.Found(7));
                  }
                }))
        .isEqualTo(refused("a key never put is absent", "found 7 bytes"));
  }

  @Test
  void aStoreThatIgnoresTheConditionForPutsInPartsIsRefused() {
    MemoryStore memory = new MemoryStore();
    assertThat(
            probe(
                new ForwardingStore(memory) {
                  @Override
                  public MultipartPut multipartPut(String key) {
                    return new ForwardingPut(super.multipartPut(key)) {
                      @Override
                      public CompletableFuture<PutOutcome> complete() {
                        return delete(key).thenCompose(deleted -> super.complete());
                      }
                    };
                  }
                }))
        .isEqualTo(
            refused("a put in parts is put-if-absent", "2 of 2 racing puts in parts were stored"));
    assertThat(memory.list("", "", 1).resultNow())
        .isEqualTo(new ListOutcome.Keys(List.of(), false));
  }

  @Test
  void aStoreWithoutAWinnerAmongPutsInPartsIsRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public MultipartPut multipartPut(String key) {
                    return new ForwardingPut(super.multipartPut(key)) {
                      @Override
                      public CompletableFuture<PutOutcome> complete() {
                        return done(new PutOutcome.Exists());
                      }
                    };
                  }
                }))
        .isEqualTo(
            refused("a put in parts is put-if-absent", "0 of 2 racing puts in parts were stored"));
  }

  @Test
  void aPutInPartsToldToTryAgainIsNoFaultAndIsAborted() {
    MemoryStore memory = new MemoryStore();
    assertThat(
            probe(
                new ForwardingStore(memory) {
                  private int puts;

                  @Override
                  public MultipartPut multipartPut(String key) {
                    boolean first = puts++ == 0;
                    return new ForwardingPut(super.multipartPut(key)) {
                      @Override
                      public CompletableFuture<PutOutcome> complete() {
                        return first ? done(new PutOutcome.Unknown("409")) : super.complete();
                      }
                    };
                  }
                }))
        .isEqualTo(new ProbeOutcome.Passed());
    assertThat(memory.unfinishedPuts("").resultNow())
        .isEqualTo(new ObjectStore.UnfinishedOutcome.Puts(List.of()));
  }

  @Test
  void aStoreThatDoesNotAnswerToPartsIsNotRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public MultipartPut multipartPut(String key) {
                    return new ForwardingPut(super.multipartPut(key)) {
                      @Override
                      public CompletableFuture<PartOutcome> append(ByteBuffer part) {
                        return done(new PartOutcome.Unknown("503"));
                      }
                    };
                  }
                }))
        .isEqualTo(new ProbeOutcome.NoAnswer("503"));
  }

  @Test
  void racersToldToTryAgainAreNeitherWinnersNorAFault() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  private int puts;

                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    puts++;
                    return puts == 5 || puts > StoreProbe.RACERS_SHARED
                        ? super.putIfAbsent(key, body)
                        : done(new PutOutcome.Unknown("409"));
                  }
                }))
        .isEqualTo(new ProbeOutcome.Passed());
  }

  @Test
  void aWinnerWhoseAnswerWasLostIsFoundByReading() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  private int puts;

                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    puts++;
                    CompletableFuture<PutOutcome> put = super.putIfAbsent(key, body);
                    return puts == 1 ? done(new PutOutcome.Unknown("reset")) : put;
                  }
                }))
        .isEqualTo(new ProbeOutcome.Passed());
  }

  @Test
  void aPutWithoutAnAnswerThatHappensAfterTheDeleteIsNoFaultAndIsDeleted() {
    MemoryStore memory = new MemoryStore();
    assertThat(
            probe(
                new ForwardingStore(memory) {
                  private int puts;
                  private int deletes;

                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    puts++;
                    return puts == 7
                        ? done(new PutOutcome.Unknown("reset"))
                        : super.putIfAbsent(key, body);
                  }

                  @Override
                  public CompletableFuture<DeleteOutcome> delete(String key) {
                    deletes++;
                    return super.delete(key)
                        .thenCompose(deleted ->
                            deletes == 1
                                ? super.putIfAbsent(key, ByteBuffer.allocate(8))
                                    .thenApply(late -> deleted)
                                : done(deleted));
                  }
                }))
        .isEqualTo(new ProbeOutcome.NoAnswer("reset"));
    assertThat(memory.list("", "", 1).resultNow())
        .isEqualTo(new ListOutcome.Keys(List.of(), false));
  }

  @Test
  void aStoreThatDoesNotAnswerIsNotRefused() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
                    return done(new PutOutcome.Unknown("503"));
                  }
                }))
        .isEqualTo(new ProbeOutcome.NoAnswer("503"));
  }

  @Test
  void whatTheProbePutIsDeletedFromARefusedStoreToo() {
    MemoryStore memory = new MemoryStore();
    probe(
        new ForwardingStore(memory) {
          @Override
          public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
            return done(new GetOutcome.Absent());
          }
        });

    assertThat(memory.list("", "", 1).resultNow())
        .isEqualTo(new ListOutcome.Keys(List.of(), false));
  }

  @Test
  void aStoreIsNotBlamedForWhatACollectorMayHaveDeletedFromAStoppedProbe() {
    assertThat(
            probe(
                new ForwardingStore(new MemoryStore()) {
                  @Override
                  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
                    clock.monotonicOffset(StoreProbe.UNDISTURBED_NS + 1);
                    return delete(key).thenCompose(deleted -> super.get(key, bytesMax));
                  }
                }))
        .isInstanceOf(ProbeOutcome.NoAnswer.class);
  }

  private ProbeOutcome probe(ObjectStore store) {
    return new StoreProbe(store, clock, "probe/one/1", "probe/one/2", StoreProbe.RACERS_SHARED)
        .run()
        .resultNow();
  }

  private static ProbeOutcome refused(String check, String found) {
    return new ProbeOutcome.Refused(check, found);
  }

  private static <T> CompletableFuture<T> done(T outcome) {
    return CompletableFuture.completedFuture(outcome);
  }

  /** Does all that the store behind it does; each test breaks one call. */
  private static class ForwardingStore implements ObjectStore {
    private final ObjectStore store;

    ForwardingStore(ObjectStore store) {
      this.store = store;
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
      return store.putIfAbsent(key, body);
    }

    @Override
    public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
      return store.get(key, bytesMax);
    }

    @Override
    public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
      return store.getRange(key, position, length);
    }

    @Override
    public CompletableFuture<HeadOutcome> head(String key) {
      return store.head(key);
    }

    @Override
    public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
      return store.list(prefix, after, keysMax);
    }

    @Override
    public CompletableFuture<DeleteOutcome> delete(String key) {
      return store.delete(key);
    }

    @Override
    public MultipartPut multipartPut(String key) {
      return store.multipartPut(key);
    }

    @Override
    public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
      return store.unfinishedPuts(prefix);
    }

    @Override
    public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
      return store.abortUnfinished(put);
    }

    @Override
    public void close() {
      store.close();
    }
  }

  /** Likewise, of one put in parts. */
  private static class ForwardingPut implements ObjectStore.MultipartPut {
    private final ObjectStore.MultipartPut put;

    ForwardingPut(ObjectStore.MultipartPut put) {
      this.put = put;
    }

    @Override
    public CompletableFuture<PartOutcome> begin() {
      return put.begin();
    }

    @Override
    public CompletableFuture<PartOutcome> append(ByteBuffer part) {
      return put.append(part);
    }

    @Override
    public CompletableFuture<PutOutcome> complete() {
      return put.complete();
    }

    @Override
    public CompletableFuture<DeleteOutcome> abort() {
      return put.abort();
    }
  }
}
