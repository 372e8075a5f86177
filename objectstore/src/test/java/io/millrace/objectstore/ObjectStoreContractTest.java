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
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import io.millrace.runtime.SystemClock;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every store must do; subclasses say which store. */
public abstract class ObjectStoreContractTest {
  private static final long PATIENCE_SECONDS = 120;
  private static final int RACERS = 32;

  /** More than any store collects before it sends the first part. */
  private static final int LARGE_BYTES = 9 << 20;

  /** Empty at the start of each test. */
  protected abstract ObjectStore store();

  @Test
  void anObjectIsReadAsItWasPut() {
    ByteBuffer padded = bytes("..hello..").position(2).limit(7);

    assertThat(put("a/b", padded)).isEqualTo(new PutOutcome.Stored());

    assertThat(padded.remaining()).isEqualTo(5);
    assertThat(text("a/b")).isEqualTo("hello");
    assertThat(await(store().head("a/b"))).isEqualTo(new HeadOutcome.Found(5));
  }

  @Test
  void directBuffersAndLargeBodiesArePut() {
    ByteBuffer body = numbered(LARGE_BYTES, 1);
    ByteBuffer direct = ByteBuffer.allocateDirect(LARGE_BYTES).put(body.duplicate()).flip();

    assertThat(put("large", direct)).isEqualTo(new PutOutcome.Stored());

    assertThat(await(store().get("large", LARGE_BYTES))).isEqualTo(new GetOutcome.Found(body));
  }

  @Test
  void aTakenKeyIsNotPutAgain() {
    put("a", bytes("first"));

    assertThat(put("a", bytes("second"))).isEqualTo(new PutOutcome.Exists());
    assertThat(put("a", bytes("first"))).isEqualTo(new PutOutcome.Exists());

    assertThat(text("a")).isEqualTo("first");
  }

  @Test
  void ofRacingPutsOfOneKeyOneIsStoredAndReadBack() {
    for (int round = 0; round < 5; round++) {
      String key = "race/" + round;
      List<CompletableFuture<PutOutcome>> puts = new ArrayList<>();
      for (int racer = 0; racer < RACERS; racer++) {
        puts.add(store().putIfAbsent(key, bytes("racer" + racer)));
      }
      List<PutOutcome> outcomes = puts.stream().map(ObjectStoreContractTest::await).toList();

      assertThat(outcomes).containsOnlyOnce(new PutOutcome.Stored());
      assertThat(outcomes).containsOnly(new PutOutcome.Stored(), new PutOutcome.Exists());
      assertThat(text(key)).isEqualTo("racer" + outcomes.indexOf(new PutOutcome.Stored()));
    }
  }

  @Test
  void whatWasNeverPutIsAbsent() {
    put("beside", bytes("x"));

    assertThat(await(store().get("absent", 10))).isEqualTo(new GetOutcome.Absent());
    assertThat(await(store().get("no/such/folder", 10))).isEqualTo(new GetOutcome.Absent());
    assertThat(await(store().getRange("absent", 0, 10))).isEqualTo(new GetOutcome.Absent());
    assertThat(await(store().getRange("absent", 5, 0))).isEqualTo(new GetOutcome.Absent());
    assertThat(await(store().head("absent"))).isEqualTo(new HeadOutcome.Absent());
  }

  @Test
  void anObjectLargerThanTheReaderAllowsIsNotRead() {
    put("a", bytes("12345"));

    assertThat(await(store().get("a", 4))).isEqualTo(new GetOutcome.TooLarge(5));
    assertThat(text("a")).isEqualTo("12345");
    assertThat(await(store().get("a", 5))).isInstanceOf(GetOutcome.Found.class);
  }

  @Test
  void anEmptyObjectIsAnObject() {
    assertThat(put("empty", bytes(""))).isEqualTo(new PutOutcome.Stored());

    assertThat(await(store().get("empty", 0))).isEqualTo(new GetOutcome.Found(bytes("")));
    assertThat(await(store().head("empty"))).isEqualTo(new HeadOutcome.Found(0));
    assertThat(await(store().getRange("empty", 0, 4))).isEqualTo(new GetOutcome.Found(bytes("")));
    assertThat(put("empty", bytes("x"))).isEqualTo(new PutOutcome.Exists());
  }

  @Test
  void aRangeEndsWhereTheObjectEnds() {
    put("a", bytes("0123456789"));

    assertThat(range(0, 10)).isEqualTo("0123456789");
    assertThat(range(3, 4)).isEqualTo("3456");
    assertThat(range(9, 1)).isEqualTo("9");
    assertThat(range(7, 100)).isEqualTo("789");
    assertThat(range(7, Integer.MAX_VALUE)).isEqualTo("789");
    assertThat(range(10, 4)).isEmpty();
    assertThat(range(11, 4)).isEmpty();
    assertThat(range(Long.MAX_VALUE, Integer.MAX_VALUE)).isEmpty();
    assertThat(range(3, 0)).isEmpty();
    assertThat(range(30, 0)).isEmpty();
  }

  @Test
  void keysAreListedInByteOrderAcrossFolders() {
    putAll("b/1", "a-b", "a/b/c", "a.b", "a/b-1", "a0", "B", "a_b", "a/b.1", "a/bb");

    assertThat(list("", "", 100))
        .isEqualTo(
            keys(false, "B", "a-b", "a.b", "a/b-1", "a/b.1", "a/b/c", "a/bb", "a0", "a_b", "b/1"));
  }

  @Test
  void aListingTakesAPrefixThatNeedNotEndAFolder() {
    putAll("w/a/1", "w/a/2", "w/ab/1", "w/b", "x");

    assertThat(list("w/a/", "", 100)).isEqualTo(keys(false, "w/a/1", "w/a/2"));
    assertThat(list("w/a", "", 100)).isEqualTo(keys(false, "w/a/1", "w/a/2", "w/ab/1"));
    assertThat(list("w/b", "", 100)).isEqualTo(keys(false, "w/b"));
    assertThat(list("w/c", "", 100)).isEqualTo(keys(false));
    assertThat(list("none/", "", 100)).isEqualTo(keys(false));
  }

  @Test
  void aListingGoesOnAfterAKeyPresentOrNot() {
    putAll("p/1", "p/2", "p/3", "q");

    assertThat(list("p/", "p/1", 100)).isEqualTo(keys(false, "p/2", "p/3"));
    assertThat(list("p/", "p/15", 100)).isEqualTo(keys(false, "p/2", "p/3"));
    assertThat(list("p/", "a", 100)).isEqualTo(keys(false, "p/1", "p/2", "p/3"));
    assertThat(list("p/", "p/3", 100)).isEqualTo(keys(false));
    assertThat(list("p/", "q", 100)).isEqualTo(keys(false));
    assertThat(list("", "p/3", 100)).isEqualTo(keys(false, "q"));
  }

  @Test
  void aListingSaysWhetherMoreFollow() {
    putAll("p/1", "p/2", "p/3", "q");

    assertThat(list("p/", "", 1)).isEqualTo(keys(true, "p/1"));
    assertThat(list("p/", "", 2)).isEqualTo(keys(true, "p/1", "p/2"));
    assertThat(list("p/", "p/1", 2)).isEqualTo(keys(false, "p/2", "p/3"));
    assertThat(list("p/", "", 3)).isEqualTo(keys(false, "p/1", "p/2", "p/3"));
  }

  @Test
  void aDeletedObjectIsAbsentAtOnceAndDeletingItAgainIsNoError() {
    putAll("p/1", "p/2");

    assertThat(await(store().delete("p/1"))).isEqualTo(new DeleteOutcome.Deleted());

    assertThat(await(store().get("p/1", 10))).isEqualTo(new GetOutcome.Absent());
    assertThat(await(store().head("p/1"))).isEqualTo(new HeadOutcome.Absent());
    assertThat(list("", "", 10)).isEqualTo(keys(false, "p/2"));
    assertThat(await(store().delete("p/1"))).isEqualTo(new DeleteOutcome.Deleted());
    assertThat(await(store().delete("no/such"))).isEqualTo(new DeleteOutcome.Deleted());
  }

  @Test
  void aPutInPartsIsSeenOnlyWhenItIsComplete() {
    MultipartPut parts = store().multipartPut("m/1");
    ByteBuffer first = numbered(LARGE_BYTES, 1);
    ByteBuffer second = numbered(100, 2);
    ByteBuffer third = numbered(LARGE_BYTES, 3);

    for (ByteBuffer part : List.of(first, second, third)) {
      assertThat(await(parts.append(part))).isEqualTo(new PartOutcome.Taken());
      assertThat(part.hasRemaining()).isTrue();
    }
    assertThat(await(store().head("m/1"))).isEqualTo(new HeadOutcome.Absent());
    assertThat(list("", "", 10)).isEqualTo(keys(false));
    assertThat(await(parts.complete())).isEqualTo(new PutOutcome.Stored());

    ByteBuffer whole = ByteBuffer.allocate(2 * LARGE_BYTES + 100);
    whole.put(first).put(second).put(third).flip();
    assertThat(await(store().get("m/1", whole.remaining()))).isEqualTo(new GetOutcome.Found(whole));
    assertThat(unfinished("")).isEmpty();
  }

  @Test
  void aPutInPartsMayBeSmall() {
    MultipartPut parts = store().multipartPut("m/1");
    await(parts.append(bytes("ab")));
    await(parts.append(bytes("c")));

    assertThat(await(parts.complete())).isEqualTo(new PutOutcome.Stored());
    assertThat(text("m/1")).isEqualTo("abc");
  }

  @Test
  void aPutInPartsDoesNotReplaceAnObject() {
    MultipartPut large = store().multipartPut("m/large");
    await(large.append(numbered(LARGE_BYTES, 1)));
    MultipartPut small = store().multipartPut("m/small");
    await(small.append(bytes("ab")));
    putAll("m/large", "m/small");

    assertThat(await(large.complete())).isEqualTo(new PutOutcome.Exists());
    assertThat(await(small.complete())).isEqualTo(new PutOutcome.Exists());

    assertThat(text("m/large")).isEqualTo("m/large");
    assertThat(text("m/small")).isEqualTo("m/small");
    assertThat(unfinished("")).isEmpty();
  }

  @Test
  void ofTwoPutsInPartsOfOneKeyOneIsStored() {
    MultipartPut one = store().multipartPut("m/1");
    MultipartPut other = store().multipartPut("m/1");
    await(one.append(numbered(LARGE_BYTES, 1)));
    await(other.append(numbered(LARGE_BYTES, 2)));

    assertThat(await(other.complete())).isEqualTo(new PutOutcome.Stored());
    assertThat(await(one.complete())).isEqualTo(new PutOutcome.Exists());

    assertThat(await(store().getRange("m/1", 0, 100)))
        .isEqualTo(new GetOutcome.Found(numbered(100, 2)));
  }

  @Test
  void aPutBegunInPartsGoesInPartsHoweverSmall() {
    MultipartPut one = store().multipartPut("m/1");
    MultipartPut other = store().multipartPut("m/1");
    for (MultipartPut put : List.of(one, other)) {
      assertThat(await(put.begin())).isEqualTo(new PartOutcome.Taken());
    }
    await(one.append(bytes("one")));
    await(other.append(bytes("other")));
    assertThat(unfinished("m/")).hasSize(2);

    CompletableFuture<PutOutcome> first = one.complete();
    CompletableFuture<PutOutcome> second = other.complete();

    assertThat(List.of(await(first), await(second))).containsOnlyOnce(new PutOutcome.Stored());
    assertThat(text("m/1")).isEqualTo(await(first) instanceof PutOutcome.Stored ? "one" : "other");
  }

  @Test
  void anAbortedPutInPartsLeavesNothing() {
    MultipartPut parts = store().multipartPut("m/1");
    await(parts.append(numbered(LARGE_BYTES, 1)));

    assertThat(await(parts.abort())).isEqualTo(new DeleteOutcome.Deleted());

    assertThat(await(parts.complete())).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(await(store().head("m/1"))).isEqualTo(new HeadOutcome.Absent());
    assertThat(unfinished("")).isEmpty();
    assertThat(await(store().multipartPut("m/2").abort())).isEqualTo(new DeleteOutcome.Deleted());
  }

  @Test
  void whatOthersLeftUnfinishedIsFoundByPrefixAndAborted() {
    MultipartPut left = store().multipartPut("data/w1/1");
    await(left.append(numbered(LARGE_BYTES, 1)));
    await(store().multipartPut("data/w2/1").append(numbered(LARGE_BYTES, 2)));

    assertThat(unfinished("data/"))
        .extracting(UnfinishedPut::key)
        .containsExactlyInAnyOrder("data/w1/1", "data/w2/1");
    List<UnfinishedPut> found = unfinished("data/w1/");
    assertThat(found).hasSize(1);
    assertThat(await(store().abortUnfinished(found.getFirst())))
        .isEqualTo(new DeleteOutcome.Deleted());
    assertThat(await(store().abortUnfinished(found.getFirst())))
        .isEqualTo(new DeleteOutcome.Deleted());

    assertThat(unfinished("data/")).extracting(UnfinishedPut::key).containsExactly("data/w2/1");
    assertThat(await(left.complete())).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(await(store().head("data/w1/1"))).isEqualTo(new HeadOutcome.Absent());
  }

  @Test
  void theLongestKeysAreTaken() {
    String segment = "s".repeat(ObjectKeys.SEGMENT_BYTES_MAX);
    String key = segment + "/" + segment + "/" + segment;
    assertThat(key.length()).isLessThanOrEqualTo(ObjectKeys.KEY_BYTES_MAX);

    assertThat(put(key, bytes("deep"))).isEqualTo(new PutOutcome.Stored());

    assertThat(text(key)).isEqualTo("deep");
    assertThat(list("", "", 10)).isEqualTo(keys(false, key));
  }

  @Test
  void wrongArgumentsThrowAtOnce() {
    assertThatThrownBy(() -> store().putIfAbsent("/a", bytes("")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().get("a//b", 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().head("../a")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().delete("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().getRange("a", -1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().getRange("a", 0, -1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().list("", "", 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().list("a//", "", 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store().multipartPut("a~b"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theProbeLetsTheStoreInAndLeavesNothingBehind() {
    StoreProbe probe =
        new StoreProbe(
            store(), new SystemClock(), "probe/one/1", "probe/one/2", StoreProbe.RACERS_SHARED);

    assertThat(await(probe.run())).isEqualTo(new ProbeOutcome.Passed());

    assertThat(list("", "", 10)).isEqualTo(keys(false));
  }

  protected static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("no outcome", e);
    }
  }

  protected static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  protected static ListOutcome keys(boolean more, String... keys) {
    return new ListOutcome.Keys(List.of(keys), more);
  }

  protected ListOutcome list(String prefix, String after, int keysMax) {
    return await(store().list(prefix, after, keysMax));
  }

  protected PutOutcome put(String key, ByteBuffer body) {
    return await(store().putIfAbsent(key, body));
  }

  private void putAll(String... keys) {
    for (String key : keys) {
      assertThat(put(key, bytes(key))).isEqualTo(new PutOutcome.Stored());
    }
  }

  private List<UnfinishedPut> unfinished(String prefix) {
    return ((UnfinishedOutcome.Puts) await(store().unfinishedPuts(prefix))).puts();
  }

  private String text(String key) {
    return text(await(store().get(key, 1000)));
  }

  private String range(long position, int length) {
    return text(await(store().getRange("a", position, length)));
  }

  private static String text(GetOutcome outcome) {
    return StandardCharsets.UTF_8.decode(((GetOutcome.Found) outcome).body()).toString();
  }

  /** Bytes that differ with their place and with {@code seed}. */
  private static ByteBuffer numbered(int size, int seed) {
    ByteBuffer bytes = ByteBuffer.allocate(size);
    for (int i = 0; i < size; i++) {
      bytes.put(i, (byte) (i * 31 + (i >> 10) + seed));
    }
    return bytes;
  }
}
