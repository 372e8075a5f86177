package io.millrace.objectstore;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ObservedStoreTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final List<Runnable> calls = new ArrayList<>();
  private final ObservedStore store =
      new ObservedStore(new MemoryStore(calls::add), new SimulatedClock(scheduler), 5 * SECOND);

  private static ByteBuffer bytes() {
    return ByteBuffer.wrap("body".getBytes(UTF_8));
  }

  private void after(long ns) {
    scheduler.runFor(ns);
  }

  private void theStoreAnswers() {
    calls.forEach(Runnable::run);
    calls.clear();
  }

  @Test
  void theAgeCountsFromTheLastAnswerNotFromTheCall() {
    after(3 * SECOND);
    assertThat(store.storeAgeNs()).isEqualTo(3 * SECOND);
    assertThat(store.answeringForNs()).isZero();

    var put = store.putIfAbsent("a", bytes());
    after(SECOND);
    assertThat(store.storeAgeNs()).isEqualTo(4 * SECOND);
    theStoreAnswers();

    assertThat(put).isCompletedWithValue(new ObjectStore.PutOutcome.Stored());
    assertThat(store.storeAgeNs()).isZero();
  }

  @Test
  void anAbsentObjectIsAnAnswerToo() {
    after(SECOND);
    var get = store.get("a", 10);
    theStoreAnswers();

    assertThat(get).isCompletedWithValue(new GetOutcome.Absent());
    assertThat(store.storeAgeNs()).isZero();
  }

  @Test
  void unknownIsNoAnswer() {
    store.putIfAbsent("a", bytes());
    theStoreAnswers();
    after(SECOND);

    var put = store.putIfAbsent("a/b", bytes());
    theStoreAnswers();

    assertThat(put.join()).isInstanceOf(ObjectStore.PutOutcome.Unknown.class);
    assertThat(store.storeAgeNs()).isEqualTo(SECOND);
  }

  @Test
  void itAnswersWithoutAGapWhileAnswersAreCloseTogether() {
    for (int i = 0; i < 4; i++) {
      store.head("a");
      theStoreAnswers();
      after(5 * SECOND);
    }
    assertThat(store.answeringForNs()).isEqualTo(20 * SECOND);

    after(1);
    assertThat(store.answeringForNs()).isZero();
    store.list("a", "", 10);
    theStoreAnswers();
    after(2 * SECOND);

    assertThat(store.answeringForNs()).isEqualTo(2 * SECOND);
  }

  @Test
  void everyKindOfCallCounts() {
    MultipartPut put = store.multipartPut("m");
    List<Runnable> kinds =
        List.of(
            () -> store.getRange("a", 0, 1),
            () -> store.delete("a"),
            () -> put.append(bytes()),
            put::complete,
            put::abort,
            () -> store.unfinishedPuts("m"),
            () -> store.abortUnfinished(new ObjectStore.UnfinishedPut("m", "7")));
    for (Runnable kind : kinds) {
      after(SECOND);
      kind.run();
      theStoreAnswers();

      assertThat(store.storeAgeNs()).isZero();
    }
  }
}
