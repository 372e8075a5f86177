package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.Keys;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.ProducerIdsTaken;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StoredMetadataLogTest {
  private final MetadataWorld world = new MetadataWorld(1, 0, 512);

  @Test
  void whatWasCommittedIsThereForTheNextIncarnation() {
    MetadataLog first = world.start(1);
    world.await(first.submit(Samples.orders(1)));
    first.close();

    MetadataLog second = world.start(1);

    assertThat(second.image().topic("orders")).isNotNull();
    assertThat(second.image().clusterId()).contains(Samples.CLUSTER);
    assertThat(second.image().entryNumber()).isEqualTo(3);
  }

  @Test
  void commandsThatWaitTogetherShareEntries() {
    MetadataLog log = world.start(1);
    long before = log.image().entryNumber();

    List<CompletableFuture<Outcome>> outcomes =
        IntStream.range(0, 2 * Command.UNSETTLED_MAX)
            .mapToObj(_ -> log.submit(new NoOp()))
            .toList();
    outcomes.forEach(world::await);

    assertThat(log.image().entryNumber() - before).isBetween(2L, 4L);
  }

  @Test
  void aVoidCommandIsToldWithItsReasonAndCostsNoEntry() {
    MetadataLog log = world.start(1);
    long before = log.image().entryNumber();

    Outcome outcome = world.await(log.submit(new TopicDeleted(Samples.ORDERS)));

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Outcome.Voided.class, v -> assertThat(v.reason()).contains("does not exist"));
    assertThat(log.image().entryNumber()).isEqualTo(before);
  }

  @Test
  void aCommandIsJudgedByTheNewestImage() {
    MetadataLog first = world.start(1);
    MetadataLog second = world.start(2);
    world.await(first.submit(Samples.orders(1)));
    assertThat(second.image().topic("orders")).isNull();

    Outcome outcome = world.await(second.submit(new TopicDeleted(Samples.ORDERS)));

    assertThat(outcome).isInstanceOf(Outcome.Applied.class);
    assertThat(world.await(first.refresh()).topic("orders")).isNull();
  }

  @Test
  void listenersSeeEachImageBeforeItsCommandsComplete() {
    MetadataLog log = world.start(1);
    List<String> seen = new ArrayList<>();
    log.addListener((before, after) -> seen.add(before.entryNumber() + ">" + after.entryNumber()));

    CompletableFuture<Outcome> outcome = log.submit(new NoOp());
    outcome.thenRun(() -> seen.add("done"));
    world.await(outcome);

    assertThat(seen).containsExactly("1>2", "done");
  }

  @Test
  void aFencedIncarnationEndsAndSaysSoToAll() {
    MetadataLog first = world.start(1);
    world.start(1);

    CompletableFuture<Outcome> outcome = first.submit(new NoOp());

    assertThatThrownBy(() -> world.await(outcome))
        .hasCauseInstanceOf(IncarnationEndedException.class);
    assertThat(world.await(first.ended())).hasMessageContaining("was fenced");
    assertThatThrownBy(() -> world.await(first.refresh()))
        .hasCauseInstanceOf(IncarnationEndedException.class);
    assertThatThrownBy(() -> world.await(first.submit(new NoOp())))
        .hasCauseInstanceOf(IncarnationEndedException.class);
  }

  @Test
  void aClosedLogRefusesCommandsButHasNotEndedByItself() {
    MetadataLog log = world.start(1);
    CompletableFuture<Outcome> underWay = log.submit(new NoOp());

    log.close();

    CompletableFuture<Outcome> late = log.submit(new NoOp());
    assertThatThrownBy(() -> world.await(underWay))
        .hasCauseInstanceOf(IncarnationEndedException.class);
    assertThatThrownBy(() -> world.await(late)).hasCauseInstanceOf(IncarnationEndedException.class);
    assertThat(log.ended()).isNotDone();
  }

  @Test
  void whoAwaitsTheNewestImageWhenTheLogIsClosedIsToldSo() {
    MetadataLog log = world.start(1);
    CompletableFuture<?> underWay = log.refresh();

    log.close();

    assertThatThrownBy(() -> world.await(underWay))
        .hasCauseInstanceOf(IncarnationEndedException.class);
  }

  @Test
  void registrationNamesTheFencedIncarnationsToTakeOver() {
    MetadataLog first = world.start(1);
    MetadataLog second = world.load();

    Registration registration =
        world.await(
            Registration.register(
                second, Samples.registered(second.writer(), 1, second.image()), Samples.ORDERS));

    assertThat(registration.toRecover())
        .extracting(i -> i.writer())
        .containsExactly(first.writer());
    assertThat(registration.incarnation().brokerEpoch()).isEqualTo(2);
    assertThat(second.image().clusterId()).contains(Samples.CLUSTER);
  }

  @Test
  void boundariesReplaceTheEntriesBeforeThem() {
    MetadataWorld small = new MetadataWorld(2, 0, 5);
    MetadataLog log = small.start(1);
    for (int i = 0; i < 40; i++) {
      small.await(log.submit(new NoOp()));
      small.scheduler.runFor(2_000_000_000L);
    }

    long tip = log.image().entryNumber();
    assertThat(small.store.objects.keySet())
        .filteredOn(k -> k.startsWith(Keys.META_LOG))
        .hasSizeLessThan(7);
    assertThat(small.store.objects.keySet())
        .filteredOn(k -> k.startsWith(Keys.META_SNAPSHOT))
        .hasSizeLessThan(4);
    assertThat(small.store.objects).containsKey(Keys.boundary(1)).containsKey(Keys.boundary(7));
    assertThat(small.load().image()).isEqualTo(log.image());
    assertThat(small.load().image().entryNumber()).isEqualTo(tip);
  }

  @Test
  void aFlippedBitInAnEntryIsNamedAtLoading() {
    MetadataLog log = world.start(1);
    world.await(log.submit(new NoOp()));
    byte[] entry = Objects.requireNonNull(world.store.objects.get(Keys.metaEntry(2)));
    entry[30] ^= 1;

    assertThatThrownBy(world::load)
        .hasCauseInstanceOf(MetadataCorruptException.class)
        .hasMessageContaining(Keys.metaEntry(2));
  }

  @Test
  void anEntryThatDoesNotFollowIsCorruption() {
    MetadataLog log = world.start(1);
    Entry stray = new Entry(2, 99, log.writer(), List.of());
    world.store.objects.put(Keys.metaEntry(2), EntryCodec.encode(stray));

    assertThatThrownBy(world::load).hasMessageContaining("does not follow entry 1");
  }

  @Test
  void producerIdsAreHandedOutOnceAndSeldomWaitForAnEntry() {
    MetadataLog first = world.start(1);
    MetadataLog second = world.start(2);
    List<ProducerIds> brokers = List.of(new ProducerIds(first), new ProducerIds(second));
    List<Long> ids = new ArrayList<>();
    int atOnce = 0;

    for (int i = 0; i < 6000; i++) {
      CompletableFuture<Long> id = brokers.get(i % 2).next();
      atOnce += id.isDone() ? 1 : 0;
      ids.add(world.await(id));
      world.scheduler.runFor(100_000);
    }

    assertThat(ids).doesNotHaveDuplicates();
    assertThat(atOnce).isGreaterThan(5990);
    assertThat(world.await(first.submit(new ProducerIdsTaken(0, 10))))
        .isInstanceOf(Outcome.Voided.class);
  }
}
