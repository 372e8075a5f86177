package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedPut;
import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemRandomness;
import io.millrace.runtime.SystemThreads;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two directory stores on one folder of a real file system, as of two processes. */
class SharedDirectoryTest {
  private static final int RACERS = 16;
  private static final int KEYS = 200;

  @TempDir Path folder;

  private final SystemThreads threads =
      new SystemThreads((thread, bug) -> {
        throw new AssertionError(thread, bug);
      });
  private DirectoryStore one;
  private DirectoryStore other;

  @BeforeEach
  void open() {
    one = openOne("one");
    other = openOne("other");
  }

  @AfterEach
  void close() {
    threads.close();
  }

  @Test
  void ofPutsRacingBetweenProcessesOneIsStored() {
    for (int round = 0; round < 20; round++) {
      String key = "new" + round + "/folder/key";
      List<CompletableFuture<PutOutcome>> puts = new ArrayList<>();
      for (int racer = 0; racer < RACERS; racer++) {
        puts.add((racer % 2 == 0 ? one : other).putIfAbsent(key, bytes("racer" + racer)));
      }
      List<PutOutcome> outcomes = puts.stream().map(SharedDirectoryTest::await).toList();

      assertThat(outcomes).containsOnlyOnce(new PutOutcome.Stored());
      assertThat(outcomes).containsOnly(new PutOutcome.Stored(), new PutOutcome.Exists());
      assertThat(await(one.get(key, 100)))
          .isEqualTo(
              new GetOutcome.Found(bytes("racer" + outcomes.indexOf(new PutOutcome.Stored()))));
    }
  }

  @Test
  void aPutWhoseFileWasTakenAwayNeitherPublishesNorRemovesAnothers() {
    MultipartPut slow = one.multipartPut("data/1");
    await(slow.append(bytes("slow")));
    for (UnfinishedPut put : unfinished(other)) {
      await(other.abortUnfinished(put));
    }
    MultipartPut quick = other.multipartPut("data/1");
    await(quick.append(bytes("quick, not yet comp")));

    assertThat(await(slow.complete())).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(await(one.get("data/1", 100))).isEqualTo(new GetOutcome.Absent());

    await(quick.append(bytes("lete")));
    assertThat(await(quick.complete())).isEqualTo(new PutOutcome.Stored());
    assertThat(await(one.get("data/1", 100)))
        .isEqualTo(new GetOutcome.Found(bytes("quick, not yet complete")));
  }

  @Test
  void openingAStoreLeavesThePutsOfLiveProcessesAlone() {
    MultipartPut live = one.multipartPut("data/1");
    await(live.append(bytes("live")));

    DirectoryStore third = openOne("third");
    await(third.putIfAbsent("data/2", bytes("x")));

    assertThat(unfinished(third)).extracting(UnfinishedPut::key).containsExactly("data/1");
    assertThat(await(live.complete())).isEqualTo(new PutOutcome.Stored());
    assertThat(unfinished(third)).isEmpty();
  }

  @Test
  void aListingHoldsWhatIsThereThroughoutWhileOthersPutAndDelete() {
    List<String> lasting =
        IntStream.range(0, KEYS).mapToObj(i -> key(i, "lasting")).sorted().toList();
    lasting.forEach(key -> await(one.putIfAbsent(key, bytes("x"))));
    CompletableFuture<Void> others =
        CompletableFuture.allOf(churn().toArray(CompletableFuture[]::new));

    boolean last;
    do {
      last = others.isDone();
      List<String> listed = ((ListOutcome.Keys) await(other.list("p/", "", 10 * KEYS))).keys();
      assertThat(listed).containsAll(lasting).isSorted().doesNotHaveDuplicates();
    } while (!last);

    assertThat(await(other.list("p/", "", 10 * KEYS)))
        .isEqualTo(new ListOutcome.Keys(lasting, false));
  }

  /** Puts and deletes that go on while others list. */
  private List<CompletableFuture<DeleteOutcome>> churn() {
    List<CompletableFuture<DeleteOutcome>> ends = new ArrayList<>();
    for (int i = 0; i < KEYS; i++) {
      String key = key(i, "passing");
      ends.add(one.putIfAbsent(key, bytes("x")).thenCompose(stored -> one.delete(key)));
    }
    return ends;
  }

  private static String key(int number, String kind) {
    return "p/%d/%03d-%s".formatted(number % 3, number, kind);
  }

  private DirectoryStore openOne(String name) {
    return DirectoryStore.shared(
        new SystemDisk(),
        StoreThreads.same(threads.pool(name, 8, 1000)),
        folder,
        new SystemRandomness());
  }

  private static List<UnfinishedPut> unfinished(DirectoryStore store) {
    return ((UnfinishedOutcome.Puts) await(store.unfinishedPuts(""))).puts();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("no outcome", e);
    }
  }
}
