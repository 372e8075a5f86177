package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.metadata.Scribe;
import io.millrace.storage.metadata.UploadNumbers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WalPublisherTest {
  private static final WriterId WRITER = new WriterId(1, 2);

  private final HeldLog log = new HeldLog();
  private final WalPublisher publisher = new WalPublisher(log);

  /** Commands stay unsettled until the test settles them. */
  private static final class HeldLog implements MetadataLog {
    final List<MetadataRecord> submitted = new ArrayList<>();
    final List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();

    void settle(Outcome outcome) {
      outcomes.removeFirst().complete(outcome);
    }

    @Override
    public WriterId writer() {
      return WRITER;
    }

    @Override
    public MetadataImage image() {
      return MetadataImage.EMPTY;
    }

    @Override
    public CompletableFuture<Outcome> submit(MetadataRecord record) {
      submitted.add(record);
      CompletableFuture<Outcome> outcome = new CompletableFuture<>();
      outcomes.add(outcome);
      return outcome;
    }

    @Override
    public CompletableFuture<Scribe.Answer.Committed> commitFor(
        long askersEntryNumber, List<Command> commands) {
      return CompletableFuture.failedFuture(new RejectedExecutionException("not a scribe"));
    }

    @Override
    public void leaveTurn() {}

    @Override
    public void onNudge(long entryNumber) {}

    @Override
    public CompletableFuture<MetadataImage> refresh() {
      return CompletableFuture.completedFuture(image());
    }

    @Override
    public UploadNumbers uploads() {
      return new UploadNumbers();
    }

    @Override
    public @Nullable CollectorBoundary collectorBoundary() {
      return null;
    }

    @Override
    public void wantBoundary() {}

    @Override
    public CompletableFuture<Throwable> ended() {
      return new CompletableFuture<>();
    }

    @Override
    public void close() {}

    @Override
    public void addListener(BiConsumer<MetadataImage, MetadataImage> listener) {}
  }

  private static SealedWalFile file(long counter, long lastSequence) {
    var partition = TestBatch.partition(0);
    return new SealedWalFile(
        new ObjectInfo(
            Keys.wal(WRITER, counter), 0, WRITER, 8192, 4096, 100, 0, partition, partition, 0, 1),
        lastSequence);
  }

  private static Outcome applied() {
    return new Outcome.Applied(MetadataImage.EMPTY);
  }

  @Test
  void filesArePublishedInOrderEachFromTheTrimOfTheOneBefore() {
    // given
    CompletableFuture<Void> first = publisher.onFilesSealed(List.of(file(0, 9)));
    CompletableFuture<Void> second = publisher.onFilesSealed(List.of(file(1, 19)));
    CompletableFuture<Void> third = publisher.onFilesSealed(List.of(file(2, 29)));
    assertThat(log.submitted)
        .containsExactly(new WalPublished(WRITER, -1, 9, List.of(file(0, 9).object())));

    // when
    log.settle(applied());

    // then those that waited go together
    assertThat(first).isCompleted();
    assertThat(second).isNotDone();
    assertThat(log.submitted.get(1))
        .isEqualTo(
            new WalPublished(WRITER, 9, 29, List.of(file(1, 19).object(), file(2, 29).object())));
    log.settle(applied());
    assertThat(second).isCompleted();
    assertThat(third).isCompleted();
  }

  @Test
  void aVoidPublicationFailsItAndAllThatFollow() {
    // given
    CompletableFuture<Void> first = publisher.onFilesSealed(List.of(file(0, 9)));
    CompletableFuture<Void> second = publisher.onFilesSealed(List.of(file(1, 19)));

    // when
    log.settle(new Outcome.Voided("fenced", MetadataImage.EMPTY));

    // then
    assertThat(log.submitted).hasSize(1);
    assertThatThrownBy(first::join).hasMessageContaining("fenced");
    assertThatThrownBy(second::join).hasMessageContaining("fenced");
    assertThat(publisher.onFilesSealed(List.of(file(2, 29)))).isCompletedExceptionally();
  }
}
