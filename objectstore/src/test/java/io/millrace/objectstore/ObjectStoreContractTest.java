package io.millrace.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.objectstore.ObjectStore.PartOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedPut;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store must do; subclasses say which store and how to wait for it. */
abstract class ObjectStoreContractTest {

  abstract ObjectStore store();

  /** The same objects as a process sees them that starts anew. */
  abstract ObjectStore reopened();

  abstract <T> T await(CompletableFuture<T> future);

  @Test
  void anObjectIsReadAsItWasPut() {
    assertThat(put("a/b", "hello")).isInstanceOf(PutOutcome.Stored.class);
    assertThat(get("a/b")).isEqualTo("hello");
    assertThat(await(store().head("a/b"))).isEqualTo(new HeadOutcome.Found(5));
  }

  @Test
  void anEmptyObjectIsAnObject() {
    assertThat(put("empty", "")).isInstanceOf(PutOutcome.Stored.class);
    assertThat(get("empty")).isEmpty();
  }

  @Test
  void thePutReadsTheBodyFromItsPositionAndLeavesItThere() {
    ByteBuffer body = ByteBuffer.allocateDirect(10);
    body.put(3, (byte) 'x').position(3).limit(4);
    await(store().putIfAbsent("k", body));
    assertThat(get("k")).isEqualTo("x");
    assertThat(body.position()).isEqualTo(3);
  }

  @Test
  void aSecondPutExistsAndChangesNothing() {
    put("k", "first");
    assertThat(put("k", "second")).isInstanceOf(PutOutcome.Exists.class);
    assertThat(get("k")).isEqualTo("first");
  }

  @Test
  void ofRacingPutsOneIsStored() {
    List<CompletableFuture<PutOutcome>> puts = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      puts.add(store().putIfAbsent("race", bytes("body" + i)));
    }
    List<Integer> winners = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      switch (await(puts.get(i))) {
        case PutOutcome.Stored stored -> winners.add(i);
        case PutOutcome.Exists exists -> {}
        case PutOutcome.Unknown unknown -> throw new AssertionError(unknown.reason());
      }
    }
    assertThat(winners).hasSize(1);
    assertThat(get("race")).isEqualTo("body" + winners.getFirst());
  }

  @Test
  void whatIsNotThereIsAbsent() {
    assertThat(await(store().get("no/such", 10))).isInstanceOf(GetOutcome.Absent.class);
    assertThat(await(store().getRange("no/such", 0, 10))).isInstanceOf(GetOutcome.Absent.class);
    assertThat(await(store().head("no/such"))).isInstanceOf(HeadOutcome.Absent.class);
    assertThat(await(store().delete("no/such"))).isInstanceOf(DeleteOutcome.Deleted.class);
    assertThat(list("no/", "", 10)).isEmpty();
  }

  @Test
  void anObjectLargerThanTheLimitIsNotRead() {
    put("k", "12345");
    assertThat(await(store().get("k", 4))).isEqualTo(new GetOutcome.TooLarge(5));
    assertThat(await(store().get("k", 5))).isInstanceOf(GetOutcome.Found.class);
  }

  @Test
  void rangesAreCutAtTheEnd() {
    put("k", "0123456789");
    assertThat(range("k", 2, 3)).isEqualTo("234");
    assertThat(range("k", 8, 5)).isEqualTo("89");
    assertThat(range("k", 10, 5)).isEmpty();
    assertThat(range("k", 100, 5)).isEmpty();
    assertThat(range("k", 0, 0)).isEmpty();
  }

  @Test
  void aDeletedObjectIsGone() {
    put("d/k", "x");
    assertThat(await(store().delete("d/k"))).isInstanceOf(DeleteOutcome.Deleted.class);
    assertThat(await(store().head("d/k"))).isInstanceOf(HeadOutcome.Absent.class);
    assertThat(list("", "", 10)).isEmpty();
  }

  @Test
  void keysAreListedInByteOrderAcrossFolders() {
    List<String> keys = List.of("a-b", "a.c", "a/b", "a/b-1/x", "a/c", "a0", "b/x/y/z", "c");
    List<String> shuffled = new ArrayList<>(keys);
    java.util.Collections.shuffle(shuffled, new Random(1));
    shuffled.forEach(key -> put(key, key));

    assertThat(list("", "", 100)).containsExactlyElementsOf(keys);
    assertThat(list("a", "", 100)).containsExactlyElementsOf(keys.subList(0, 6));
    assertThat(list("a/", "", 100)).containsExactly("a/b", "a/b-1/x", "a/c");
    assertThat(list("a/b", "", 100)).containsExactly("a/b", "a/b-1/x");
    assertThat(list("b/x/", "", 100)).containsExactly("b/x/y/z");
    assertThat(list("c/", "", 100)).isEmpty();
  }

  @Test
  void aListGoesOnWhereTheLastOneEnded() {
    Random random = new Random(7);
    TreeSet<String> keys = new TreeSet<>();
    String[] parts = {"a", "b", "a-1", "a.b", "zz"};
    for (int i = 0; i < 40; i++) {
      StringBuilder key = new StringBuilder();
      for (int depth = random.nextInt(3); depth >= 0; depth--) {
        key.append(parts[random.nextInt(parts.length)]).append("_d/");
      }
      keys.add(key.append(random.nextInt(100)).toString());
    }
    keys.forEach(key -> put(key, "x"));

    for (int keysMax : new int[] {1, 2, 7, 100}) {
      List<String> all = new ArrayList<>();
      ListOutcome.Keys page;
      do {
        page = page("", all.isEmpty() ? "" : all.getLast(), keysMax);
        assertThat(page.keys().size()).isLessThanOrEqualTo(keysMax);
        all.addAll(page.keys());
      } while (page.more());
      assertThat(all).containsExactlyElementsOf(keys);
    }
    for (int i = 0; i < 50; i++) {
      String after = parts[random.nextInt(parts.length)] + "_d/" + random.nextInt(100);
      assertThat(list("", after, 1000)).containsExactlyElementsOf(keys.tailSet(after, false));
    }
  }

  @Test
  void aPutInPartsAppearsWhenItIsComplete() {
    MultipartPut put = store().multipartPut("m/k");
    assertThat(await(put.append(bytes("one,")))).isInstanceOf(PartOutcome.Taken.class);
    assertThat(await(put.append(bytes("two")))).isInstanceOf(PartOutcome.Taken.class);
    assertThat(await(store().head("m/k"))).isInstanceOf(HeadOutcome.Absent.class);
    assertThat(list("m/", "", 10)).isEmpty();
    assertThat(unfinished("m/")).extracting(UnfinishedPut::key).containsExactly("m/k");

    assertThat(await(put.complete())).isInstanceOf(PutOutcome.Stored.class);
    assertThat(get("m/k")).isEqualTo("one,two");
    assertThat(unfinished("")).isEmpty();
  }

  @Test
  void aPutInPartsOfATakenKeyExists() {
    put("k", "first");
    MultipartPut put = store().multipartPut("k");
    await(put.append(bytes("second")));
    assertThat(await(put.complete())).isInstanceOf(PutOutcome.Exists.class);
    assertThat(get("k")).isEqualTo("first");
    assertThat(unfinished("")).isEmpty();
  }

  @Test
  void partsOfSeveralMegabytesArriveWhole() {
    byte[] body = new byte[5_000_001];
    new Random(3).nextBytes(body);
    MultipartPut put = store().multipartPut("large");
    await(put.append(ByteBuffer.wrap(body, 0, 3_000_000)));
    await(put.append(ByteBuffer.wrap(body, 3_000_000, 2_000_001)));
    await(put.complete());
    assertThat(await(store().get("large", body.length)))
        .isEqualTo(new GetOutcome.Found(ByteBuffer.wrap(body)));
  }

  @Test
  void anAbortedPutLeavesNothing() {
    MultipartPut put = store().multipartPut("k");
    await(put.append(bytes("x")));
    await(put.abort());
    assertThat(unfinished("")).isEmpty();
    assertThat(await(put.append(bytes("y")))).isInstanceOf(PartOutcome.Unknown.class);
    assertThat(await(put.complete())).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(await(store().head("k"))).isInstanceOf(HeadOutcome.Absent.class);
  }

  @Test
  void unfinishedPutsOfADeadProcessAreListedAndAborted() {
    String longKey = "x".repeat(200) + "/" + "y".repeat(200) + "/" + "z".repeat(100);
    await(store().multipartPut("m/one").append(bytes("x")));
    await(store().multipartPut(longKey).append(bytes("x")));
    ObjectStore later = reopened();

    UnfinishedOutcome.Puts found = (UnfinishedOutcome.Puts) await(later.unfinishedPuts(""));
    assertThat(found.puts())
        .extracting(UnfinishedPut::key)
        .containsExactlyInAnyOrder("m/one", longKey);
    MultipartPut beside = later.multipartPut("m/one");
    await(beside.append(bytes("new")));
    for (UnfinishedPut put : found.puts()) {
      assertThat(await(later.abortUnfinished(put))).isInstanceOf(DeleteOutcome.Deleted.class);
      assertThat(await(later.abortUnfinished(put))).isInstanceOf(DeleteOutcome.Deleted.class);
    }
    assertThat(await(beside.complete())).isInstanceOf(PutOutcome.Stored.class);
    assertThat(((UnfinishedOutcome.Puts) await(later.unfinishedPuts(""))).puts()).isEmpty();
  }

  @Test
  void whatOneProcessStoredTheNextReads() {
    put("a/b/c", "kept");
    ObjectStore later = reopened();
    assertThat(await(later.get("a/b/c", 100))).isEqualTo(new GetOutcome.Found(bytes("kept")));
    assertThat(await(later.putIfAbsent("a/b/c", bytes("other"))))
        .isInstanceOf(PutOutcome.Exists.class);
  }

  @Test
  void aKeyThatIsAPathPrefixOfAnotherIsNeverStored() {
    put("a/b", "x");
    assertThat(put("a", "y")).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(put("a/b/c", "y")).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(list("", "", 10)).containsExactly("a/b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a b", "a\\b", "a\0b", "ä",
        "a~b", "%2e%2e/a"
      })
  void keysThatAreNotKeysAreRefusedAtOnce(String key) {
    assertThatThrownBy(() -> store().putIfAbsent(key, bytes("x")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().get(key, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().getRange(key, 0, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().head(key)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().delete(key)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().multipartPut(key))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keysHaveALengthLimit() {
    String longest = ("s".repeat(249) + "/").repeat(3) + "s".repeat(250);
    assertThat(longest).hasSize(1000);
    assertThat(put(longest, "x")).isInstanceOf(PutOutcome.Stored.class);
    assertThat(list("", "", 10)).containsExactly(longest);
    assertThatThrownBy(() -> put(longest + "s", "x")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> put("s".repeat(256), "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  final PutOutcome put(String key, String body) {
    return await(store().putIfAbsent(key, bytes(body)));
  }

  private String get(String key) {
    return text(await(store().get(key, 1 << 20)));
  }

  private String range(String key, long position, int length) {
    return text(await(store().getRange(key, position, length)));
  }

  private List<String> list(String prefix, String after, int keysMax) {
    return page(prefix, after, keysMax).keys();
  }

  private ListOutcome.Keys page(String prefix, String after, int keysMax) {
    return switch (await(store().list(prefix, after, keysMax))) {
      case ListOutcome.Keys keys -> keys;
      case ListOutcome.Unknown unknown -> throw new AssertionError(unknown.reason());
    };
  }

  private List<UnfinishedPut> unfinished(String prefix) {
    return switch (await(store().unfinishedPuts(prefix))) {
      case UnfinishedOutcome.Puts puts -> puts.puts();
      case UnfinishedOutcome.Unknown unknown -> throw new AssertionError(unknown.reason());
    };
  }

  private static String text(GetOutcome outcome) {
    if (outcome instanceof GetOutcome.Found found) {
      return StandardCharsets.UTF_8.decode(found.body()).toString();
    }
    throw new AssertionError(outcome.toString());
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
