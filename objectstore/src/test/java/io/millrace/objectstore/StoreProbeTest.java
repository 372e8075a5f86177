package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import io.millrace.runtime.simulated.SimulatedRandomness;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class StoreProbeTest {

  @Test
  void aGoodStorePassesAndKeepsNothingOfTheProbe() {
    MemoryStore store = new MemoryStore();
    assertThat(probe(store)).isEqualTo(new ProbeOutcome.Passed());
    assertThat(store.list("", "", 10).join())
        .isEqualTo(new ListOutcome.Keys(List.of(), false));
  }

  @Test
  void aStoreWithSeveralWinnersIsRefused() {
    ObjectStore lastWins =
        new BrokenStore() {
          @Override
          public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
            super.delete(key);
            return super.putIfAbsent(key, body);
          }
        };
    assertThat(probe(lastWins))
        .isEqualTo(
            new ProbeOutcome.Refused("put-if-absent is atomic", "8 of 8 racing puts were stored"));
  }

  @Test
  void aStoreThatStoresNothingIsRefused() {
    ObjectStore none =
        new BrokenStore() {
          @Override
          public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
            return CompletableFuture.completedFuture(new PutOutcome.Exists());
          }
        };
    assertThat(probe(none))
        .isEqualTo(
            new ProbeOutcome.Refused("put-if-absent is atomic", "0 of 8 racing puts were stored"));
  }

  @Test
  void aStoreThatReadsOtherBytesIsRefused() {
    ObjectStore stale =
        new BrokenStore() {
          @Override
          public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
            return CompletableFuture.completedFuture(new GetOutcome.Absent());
          }
        };
    assertThat(probe(stale))
        .isEqualTo(new ProbeOutcome.Refused("an object is read as it was stored", "nothing"));
  }

  @Test
  void aStoreThatListsLateIsRefused() {
    ObjectStore lateList =
        new BrokenStore() {
          @Override
          public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
            return CompletableFuture.completedFuture(new ListOutcome.Keys(List.of(), false));
          }
        };
    assertThat(probe(lateList))
        .isEqualTo(new ProbeOutcome.Refused("a stored object is listed at once", "[]"));
  }

  @Test
  void aStoreThatDeletesLateIsRefused() {
    ObjectStore lateDelete =
        new BrokenStore() {
          @Override
          public CompletableFuture<DeleteOutcome> delete(String key) {
            return CompletableFuture.completedFuture(new DeleteOutcome.Deleted());
          }
        };
    assertThat(probe(lateDelete))
        .isEqualTo(new ProbeOutcome.Refused("a deleted object is absent", "found 8 bytes"));
  }

  @Test
  void aStoreThatDoesNotAnswerIsNotRefused() {
    ObjectStore silent =
        new BrokenStore() {
          @Override
          public CompletableFuture<HeadOutcome> head(String key) {
            return CompletableFuture.completedFuture(new HeadOutcome.Unknown("503"));
          }
        };
    assertThat(probe(silent)).isEqualTo(new ProbeOutcome.NoAnswer("503"));
  }

  private static ProbeOutcome probe(ObjectStore store) {
    return new StoreProbe(store, new SimulatedRandomness(new SplittableRandom(1)), 8).run().join();
  }

  /** A good store whose subclasses break one thing. */
  private static class BrokenStore implements ObjectStore {
    private final MemoryStore good = new MemoryStore();

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
      return good.putIfAbsent(key, body);
    }

    @Override
    public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
      return good.get(key, bytesMax);
    }

    @Override
    public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
      return good.getRange(key, position, length);
    }

    @Override
    public CompletableFuture<HeadOutcome> head(String key) {
      return good.head(key);
    }

    @Override
    public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
      return good.list(prefix, after, keysMax);
    }

    @Override
    public CompletableFuture<DeleteOutcome> delete(String key) {
      return good.delete(key);
    }

    @Override
    public MultipartPut multipartPut(String key) {
      return good.multipartPut(key);
    }

    @Override
    public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
      return good.unfinishedPuts(prefix);
    }

    @Override
    public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
      return good.abortUnfinished(put);
    }

    @Override
    public void close() {}
  }
}
