package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Groups of both protocols with the official client. */
class GroupsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final int PARTITIONS = 6;
  private static final Map<String, Object> CLASSIC =
      Map.of("session.timeout.ms", 10_000, "heartbeat.interval.ms", 500);
  private static final Map<String, Object> COOPERATIVE =
      Map.of(
          "session.timeout.ms",
          10_000,
          "heartbeat.interval.ms",
          500,
          "partition.assignment.strategy",
          "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
  private static final Map<String, Object> CONSUMER = Map.of("group.protocol", "consumer");

  @TempDir private Path folder;
  private BrokerProcess broker;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    broker =
        BrokerProcess.start(
            folder,
            "group.initial.rebalance.delay.ms=0",
            "group.consumer.heartbeat.interval.ms=500",
            "group.consumer.min.heartbeat.interval.ms=500",
            "group.consumer.session.timeout.ms=6000",
            "group.consumer.min.session.timeout.ms=6000",
            "group.consumer.assignment.interval.ms=100");
    admin = Admin.create(Map.of("bootstrap.servers", broker.address()));
  }

  @AfterEach
  void stop() {
    admin.close();
    broker.close();
  }

  @Test
  void membersOfTheConsumerProtocolComeAndGoWhileTheyRead() throws Exception {
    readThrough(CONSUMER, CONSUMER, GroupType.CONSUMER);
  }

  @Test
  void classicMembersComeAndGoWhileTheyRead() throws Exception {
    readThrough(CLASSIC, CLASSIC, GroupType.CLASSIC);
  }

  @Test
  void aLiveGroupChangesItsProtocolAndBackWhileItReads() throws Exception {
    readThrough(CLASSIC, CONSUMER, GroupType.CONSUMER);
  }

  @Test
  void cooperativeMembersAreUpgradedAndDowngradedToo() throws Exception {
    readThrough(COOPERATIVE, CONSUMER, GroupType.CONSUMER);
  }

  /** Two members, two more of perhaps another kind, those only, and back; nothing may be missed. */
  private void readThrough(
      Map<String, Object> first, Map<String, Object> second, GroupType typeOfBoth)
      throws Exception {
    create("numbers", PARTITIONS);
    try (NumberedRecords records = new NumberedRecords(broker.address(), "numbers", PARTITIONS);
        NumberedReaders readers =
            NumberedReaders.group(broker.address(), "numbers", PARTITIONS, 0)) {
      readers.join(first);
      readers.join(first);
      awaitStable(readers, records, 2);
      readers.join(second);
      readers.join(second);
      awaitStable(readers, records, 4);
      assertThat(describe(NumberedReaders.GROUP).type()).isEqualTo(typeOfBoth);
      readers.leaveFirst();
      readers.leaveFirst();
      awaitStable(readers, records, 2);
      broker.kill();
      broker.start();
      awaitStable(readers, records, 2);
      readers.join(first);
      awaitStable(readers, records, 3);
      readers.leaveFirst();
      readers.leaveFirst();
      awaitStable(readers, records, 1);
      assertThat(describe(NumberedReaders.GROUP).type())
          .isEqualTo(first.equals(CONSUMER) ? GroupType.CONSUMER : GroupType.CLASSIC);
      records.finish();
      assertThat(records.failures()).isEmpty();
      assertThat(readers.awaitRead(records.sent(), PATIENCE)).as("%s", readers).isTrue();
    }
  }

  /** So many members share everything, and go on reading. */
  private void awaitStable(NumberedReaders readers, NumberedRecords records, int members)
      throws Exception {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> {
          ConsumerGroupDescription seen = describe(NumberedReaders.GROUP);
          return !readers.failures().isEmpty()
              || (seen.groupState() == GroupState.STABLE
                  && seen.members().size() == members
                  && seen.members().stream()
                          .mapToInt(each -> each.assignment().topicPartitions().size())
                          .sum()
                      == PARTITIONS);
        });
    assertThat(readers.awaitRead(records.sent().clone(), PATIENCE))
        .as("%s\n%s", readers, broker.logged())
        .isTrue();
  }

  @Test
  void patternsFollowTheTopics() throws Exception {
    create("orders-eu", 2);
    create("other", 1);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer("patterns", "a")) {
      consumer.subscribe(new SubscriptionPattern("orders-.*"));
      awaitAssigned(consumer, "orders-eu-0", "orders-eu-1");

      create("orders-us", 1);
      awaitAssigned(consumer, "orders-eu-0", "orders-eu-1", "orders-us-0");
      admin.createPartitions(Map.of("orders-us", NewPartitions.increaseTo(2))).all().get();
      awaitAssigned(consumer, "orders-eu-0", "orders-eu-1", "orders-us-0", "orders-us-1");
    }
    try (KafkaConsumer<byte[], byte[]> consumer = consumer("patterns", "b")) {
      consumer.subscribe(new SubscriptionPattern("orders-["));
      await()
          .atMost(PATIENCE)
          .untilAsserted(() ->
              org.assertj.core.api.Assertions.assertThatThrownBy(() -> consumer.poll(POLL))
                  .isInstanceOf(InvalidRegularExpression.class));
    }
  }

  @Test
  void aStaticMemberThatIsBackInTimeDisturbsNobody() throws Exception {
    create("numbers", 4);
    try (KafkaConsumer<byte[], byte[]> other = consumer("statics", "other")) {
      other.subscribe(List.of("numbers"));
      Set<String> kept;
      try (KafkaConsumer<byte[], byte[]> member = consumer("statics", "member")) {
        member.subscribe(List.of("numbers"));
        await()
            .atMost(PATIENCE)
            .until(() -> {
              other.poll(POLL);
              member.poll(POLL);
              return member.assignment().size() == 2 && other.assignment().size() == 2;
            });
        kept = names(member);
      }
      int epoch = describe("statics").groupEpoch().orElseThrow();

      try (KafkaConsumer<byte[], byte[]> again = consumer("statics", "member")) {
        again.subscribe(List.of("numbers"));
        await()
            .atMost(PATIENCE)
            .until(() -> {
              other.poll(POLL);
              again.poll(POLL);
              return names(again).equals(kept);
            });
        assertThat(describe("statics").groupEpoch()).hasValue(epoch);
      }
    }
  }

  private KafkaConsumer<byte[], byte[]> consumer(String group, String instance) {
    return new KafkaConsumer<>(
        Map.of(
            "bootstrap.servers",
            broker.address(),
            "group.id",
            group,
            "group.instance.id",
            instance,
            "group.protocol",
            "consumer",
            "metadata.max.age.ms",
            500),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private static void awaitAssigned(KafkaConsumer<byte[], byte[]> consumer, String... partitions) {
    await()
        .atMost(PATIENCE)
        .until(() -> {
          consumer.poll(POLL);
          return names(consumer).equals(Set.of(partitions));
        });
  }

  private static Set<String> names(KafkaConsumer<byte[], byte[]> consumer) {
    Set<String> names = new TreeSet<>();
    for (TopicPartition partition : new ArrayList<>(consumer.assignment())) {
      names.add(partition.toString());
    }
    return names;
  }

  private ConsumerGroupDescription describe(String group) throws Exception {
    return Objects.requireNonNull(
            admin.describeConsumerGroups(List.of(group)).describedGroups().get(group))
        .get();
  }

  private void create(String topic, int partitions) throws Exception {
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
  }
}
