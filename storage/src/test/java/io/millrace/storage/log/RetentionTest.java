package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.RetentionRules.Limits;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class RetentionTest {
  private static final long HOUR_MS = TimeUnit.HOURS.toMillis(1);
  private static final long LOOK_S = 10;

  private final SimulatedBroker broker = new SimulatedBroker(1);
  private final Map<Uuid, Limits> limits = new HashMap<>();

  /** The clock jumps when limits have been asked for so often. */
  private int jumpAfter;

  private final RetentionRules rules =
      new RetentionRules() {
        @Override
        public Limits limits(MetadataImage image, Uuid topicId) {
          if (jumpAfter > 0 && --jumpAfter == 0) {
            broker.machine().clock().jump(48 * HOUR_MS);
          }
          return limits.getOrDefault(topicId, Limits.NONE);
        }

        @Override
        public long intervalMs() {
          return TimeUnit.SECONDS.toMillis(LOOK_S);
        }
      };

  @Test
  void recordsOfTheTailGoWhenTheyAreOldAndTheNextOnesLater() {
    PartitionId id = start("t");
    limits.put(id.topicId(), new Limits(8 * HOUR_MS, -1));
    append(id, 3);
    hours(4);
    append(id, 2);

    hours(4);
    assertThat(logStart(id)).as("within an eighth").isZero();
    hours(2);
    assertThat(logStart(id)).isEqualTo(3);
    hours(4);
    assertThat(logStart(id)).isEqualTo(5);
    append(id, 1);
    assertThat(broker.open(id).highWatermark()).isEqualTo(6);
  }

  @Test
  void publishedRecordsGoThoughTheirPartitionIsNotOpen() {
    PartitionId id = start("t");
    append(id, 3);
    append(id, 3);
    restart();
    assertThat(broker.engine().ifOpen(id)).isNull();
    limits.put(id.topicId(), new Limits(HOUR_MS, -1));

    hours(2);

    assertThat(logStart(id)).isEqualTo(6);
    assertThat(broker.open(id).logStart()).isEqualTo(6);
  }

  @Test
  void whatIsOldStaysWithWhatIsYoungInItsBatch() {
    PartitionId id = start("t");
    limits.put(id.topicId(), new Limits(HOUR_MS, -1));
    long nowMs = broker.machine().clock().wallMs();
    broker.await(
        broker.open(id).append(Batches.at(nowMs, nowMs + 10 * HOUR_MS, nowMs), -1, Origin.CLIENT));

    hours(11);
    assertThat(logStart(id)).isZero();
    hours(1);
    assertThat(logStart(id)).isEqualTo(3);
  }

  @Test
  void aTopicWithoutLimitsKeepsAll() {
    PartitionId id = start("t");
    append(id, 3);

    hours(200);

    assertThat(logStart(id)).isZero();
  }

  @Test
  void theOldestBatchesGoUntilAPartitionIsSmallEnough() {
    PartitionId id = start("t");
    long nowMs = broker.machine().clock().wallMs();
    long batchBytes = Batches.at(nowMs, nowMs, nowMs).limit();
    limits.put(id.topicId(), new Limits(-1, 64 * batchBytes));
    for (int i = 0; i < 72; i++) {
      append(id, 3);
    }
    seconds(2 * LOOK_S);
    assertThat(logStart(id)).as("within an eighth").isZero();

    append(id, 3);
    seconds(2 * LOOK_S);
    assertThat(broker.await(broker.open(id).sizeBytes()))
        .isBetween(64 * batchBytes, 72 * batchBytes);
    assertThat(logStart(id)).isPositive();

    restart();
    limits.put(id.topicId(), new Limits(-1, 8 * batchBytes));
    seconds(2 * LOOK_S);
    assertThat(logStart(id)).isEqualTo(3 * (73 - 8));
    assertThat(broker.await(broker.open(id).sizeBytes())).isEqualTo(8 * batchBytes);
  }

  @Test
  void aClockThatJumpsDeletesNothingForAnHour() {
    PartitionId id = start("t");
    limits.put(id.topicId(), new Limits(24 * HOUR_MS, -1));
    append(id, 3);
    seconds(2 * LOOK_S);

    broker.machine().clock().jump(48 * HOUR_MS);
    broker.scheduler().runFor(TimeUnit.MINUTES.toNanos(59));
    assertThat(logStart(id)).isZero();

    broker.machine().clock().jump(-48 * HOUR_MS); // somebody has set it right
    hours(10);
    assertThat(logStart(id)).isZero();
    hours(20);
    assertThat(logStart(id)).isEqualTo(3);
  }

  @Test
  void norDoesOneThatJumpsInTheMiddleOfARound() {
    broker.start().retainBy(rules);
    PartitionId first = broker.createTopic("t", 130); // more than are looked into at a time
    PartitionId last = new PartitionId(first.topicId(), 129);
    limits.put(first.topicId(), new Limits(24 * HOUR_MS, -1));
    append(last, 3);
    jumpAfter = 10;

    seconds(5 * LOOK_S);

    assertThat(jumpAfter).isZero();
    assertThat(logStart(last)).isZero();
  }

  @Test
  void aTopicThatWasEmptyWhenItWasLookedAtIsLookedAtAgain() {
    PartitionId id = start("t");
    limits.put(id.topicId(), new Limits(HOUR_MS, 1000));
    seconds(2 * LOOK_S);
    append(id, 3);

    hours(2);

    assertThat(logStart(id)).isEqualTo(3);
  }

  @Test
  void whatLiesBelowTheLogStartCountsForNothingThoughTheTailHasIt() {
    PartitionId id = start("t");
    append(id, 3);
    append(id, 3);
    long batchBytes = broker.await(broker.open(id).sizeBytes()) / 2;
    limits.put(id.topicId(), new Limits(-1, batchBytes));

    seconds(5 * LOOK_S);

    assertThat(logStart(id)).isEqualTo(3);
    assertThat(broker.await(broker.open(id).sizeBytes())).isEqualTo(batchBytes);
  }

  @Test
  void aPartitionThatCannotBeReadKeepsTheRecordsOfNoOther() {
    broker.start().retainBy(rules);
    PartitionId damaged = broker.createTopic("a", 70); // more than are looked into at a time
    append(damaged, 3);
    restart();
    String lost = broker.engine().metadata().image().objects().firstKey();
    PartitionId other = broker.createTopic("b", 70);
    assertThat(other).isGreaterThan(damaged);
    append(other, 3);
    broker.await(broker.store().delete(lost));
    limits.put(damaged.topicId(), new Limits(HOUR_MS, -1));
    limits.put(other.topicId(), new Limits(HOUR_MS, -1));

    hours(2);

    assertThat(logStart(other)).isEqualTo(3);
    assertThat(logStart(damaged)).isZero();
  }

  @Test
  void whatIsConfiguredAnewActsAtOnce() {
    PartitionId id = start("t");
    append(id, 3);
    hours(2);
    limits.put(id.topicId(), new Limits(HOUR_MS, -1));
    long before = broker.scheduler().nowNs();

    broker.await(
        broker
            .engine()
            .metadata()
            .submit(
                new ConfigsChanged(
                    ConfigScope.TOPIC,
                    id.topicId().toString(),
                    Map.of("retention.ms", Optional.of("3600000")))));
    broker.scheduler().runUntil(() -> logStart(id) == 3, 1_000_000);

    assertThat(logStart(id)).isEqualTo(3);
    assertThat(broker.scheduler().nowNs() - before).isLessThan(TimeUnit.SECONDS.toNanos(1));
  }

  private PartitionId start(String topic) {
    broker.start().retainBy(rules);
    return broker.createTopic(topic, 1);
  }

  private void restart() {
    broker.stop();
    broker.start().retainBy(rules);
  }

  /** One batch with as many records of now. */
  private void append(PartitionId id, int records) {
    long[] times = new long[records];
    Arrays.fill(times, broker.machine().clock().wallMs());
    broker.await(broker.open(id).append(Batches.at(times), -1, Origin.CLIENT));
  }

  private long logStart(PartitionId id) {
    return Objects.requireNonNull(broker.engine().metadata().image().partition(id)).logStart();
  }

  private void hours(long hours) {
    seconds(TimeUnit.HOURS.toSeconds(hours));
  }

  private void seconds(long seconds) {
    broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(seconds));
    assertThat(broker.scheduler().failures()).isEmpty();
  }
}
