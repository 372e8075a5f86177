package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.consumer.ConsumerGroup;
import io.millrace.coordinator.group.consumer.ConsumerMember;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData.TopicPartitions;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Members that come, go, crash, dawdle over what they have to give up and lose answers, over topics
 * that come and go. At every step no partition is with two members (C1), whoever uses one is known
 * to, and the log alone makes the same state. In the end everyone has what it should.
 */
class ReconciliationPropertyTest {
  private static final int STEPS = 250;
  private static final int ROUNDS_TO_SETTLE_MAX = 40;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void noPartitionIsEverWithTwoMembersAndTheLogSaysWhoHasIt(long seed) {
    Play play = new Play(seed);
    for (int step = 0; step < STEPS; step++) {
      play.step();
      play.check();
    }
    play.settle();
  }

  /** A consumer as the coordinator sees it: it uses partitions, and says so when it likes. */
  private static final class Client {
    private final String id;
    private final Set<TopicPartition> using = new HashSet<>();
    private int epoch;
    private boolean crashed;
    private boolean tellsAll = true;
    private @Nullable Set<TopicPartition> wanted;

    Client(String id) {
      this.id = id;
    }
  }

  private static final class Play {
    private final GroupWorld world = new GroupWorld();
    private final Random random;
    private final List<Client> clients = new ArrayList<>();
    private final List<String> topics = new ArrayList<>();
    private int nextClient;
    private int nextTopic;
    private boolean peace;

    Play(long seed) {
      random = new Random(seed);
      addTopic();
      addTopic();
    }

    private void addTopic() {
      String name = "t" + nextTopic++;
      topics.add(name);
      world.topic(name, 1 + random.nextInt(5));
    }

    void step() {
      switch (random.nextInt(20)) {
        case 0, 1 -> {
          if (clients.size() < GroupWorld.MEMBERS_MAX - 1) {
            clients.add(new Client("m" + nextClient++));
          }
        }
        case 2 ->
            pick()
                .ifPresent(client -> {
                  heartbeat(client, -1, false);
                  clients.remove(client);
                });
        case 3 -> pick().ifPresent(client -> client.crashed = true);
        case 4 -> {
          if (random.nextBoolean() && topics.size() < 5) {
            addTopic();
          } else if (topics.size() > 1) {
            world.deleteTopic(topics.remove(random.nextInt(topics.size())));
          }
        }
        case 5 -> {
          String grown = topics.get(random.nextInt(topics.size()));
          world.topic(
              grown, 1 + Objects.requireNonNull(world.image().topic(grown)).partitions().size());
        }
        case 6 -> world.harness.pass(1 + random.nextInt(20_000));
        default ->
            pick().ifPresent(client -> heartbeat(client, client.epoch, random.nextInt(6) == 0));
      }
    }

    private Optional<Client> pick() {
      List<Client> live = clients.stream().filter(client -> !client.crashed).toList();
      return live.isEmpty() ? Optional.empty() : Optional.of(live.get(random.nextInt(live.size())));
    }

    private void heartbeat(Client client, int epoch, boolean answerLost) {
      if (client.wanted != null && (peace || random.nextInt(3) > 0)) {
        client.using.clear();
        client.using.addAll(client.wanted);
        client.wanted = null;
        client.tellsAll = true;
      }
      boolean joins = epoch == 0;
      ConsumerGroupHeartbeatRequestData request = GroupWorld.alive(client.id, epoch);
      if (joins) {
        client.using.clear();
        client.wanted = null;
      }
      if (joins || client.tellsAll || random.nextInt(4) == 0) {
        request
            .setRebalanceTimeoutMs(GroupWorld.REBALANCE_MS)
            .setTopicPartitions(owned(client.using));
        if (joins || (!peace && random.nextInt(3) == 0)) {
          request.setSubscribedTopicNames(subscription());
        }
        client.tellsAll = false;
      }
      ConsumerGroupHeartbeatResponseData answer = world.heartbeat(request);
      if (answerLost) {
        client.tellsAll = true;
      } else {
        take(client, answer);
      }
    }

    private List<String> subscription() {
      Set<String> some = new TreeSet<>();
      some.add(topics.get(random.nextInt(topics.size())));
      topics.stream().filter(topic -> random.nextInt(3) > 0).forEach(some::add);
      return List.copyOf(some);
    }

    private void take(Client client, ConsumerGroupHeartbeatResponseData answer) {
      Errors error = Errors.forCode(answer.errorCode());
      switch (error) {
        case NONE -> {
          client.epoch = answer.memberEpoch();
          if (answer.assignment() != null) {
            Set<TopicPartition> assigned = new HashSet<>();
            answer
                .assignment()
                .topicPartitions()
                .forEach(each ->
                    each.partitions()
                        .forEach(
                            p -> assigned.add(new TopicPartition(each.topicId().toString(), p))));
            client.wanted = assigned;
          }
        }
        case UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, GROUP_ID_NOT_FOUND -> {
          client.epoch = 0;
          client.using.clear();
          client.wanted = null;
        }
        default -> throw new AssertionError("unexpected " + error + " " + answer.errorMessage());
      }
    }

    private static List<TopicPartitions> owned(Set<TopicPartition> partitions) {
      Map<String, TopicPartitions> topics = new HashMap<>();
      partitions.forEach(each ->
          topics
              .computeIfAbsent(
                  each.topic(), id -> new TopicPartitions().setTopicId(Uuid.fromString(id)))
              .partitions()
              .add(each.partition()));
      return List.copyOf(topics.values());
    }

    void check() {
      ConsumerGroup group = world.shard().consumerGroups().get("g");
      assertThat(world.replayed().consumerGroups().get("g")).isEqualTo(group);
      Map<TopicPartition, String> owners = new HashMap<>();
      if (group == null) {
        return;
      }
      for (ConsumerMember member : group.members()) {
        for (TopicPartition each : holds(member)) {
          String other = owners.put(each, member.id());
          assertThat(other).as("%s is with %s and %s", each, other, member.id()).isNull();
        }
      }
      for (Client client : clients) {
        ConsumerMember member = group.member(client.id);
        if (member != null && client.epoch > 0) {
          assertThat(holds(member)).containsAll(client.using);
        }
      }
    }

    private static Set<TopicPartition> holds(ConsumerMember member) {
      Set<TopicPartition> partitions = new HashSet<>();
      List.of(member.current().assigned(), member.current().pendingRevocation())
          .forEach(part ->
              part.forEach((topic, numbers) ->
                  numbers
                      .keySet()
                      .forEach(p -> partitions.add(new TopicPartition(topic.toString(), p)))));
      return partitions;
    }

    /** Peace: crashed clients are noticed, the others heartbeat until nothing moves. */
    void settle() {
      peace = true;
      clients.removeIf(client -> client.crashed);
      for (int round = 0; round < ROUNDS_TO_SETTLE_MAX; round++) {
        world.harness.pass(5_000);
        for (Client client : clients) {
          heartbeat(client, client.epoch, false);
        }
        check();
      }
      ConsumerGroup group = world.shard().consumerGroups().get("g");
      if (group == null || clients.isEmpty()) {
        return;
      }
      assertThat(group.state().text()).isEqualTo("Stable");
      Set<TopicPartition> used = new HashSet<>();
      clients.forEach(client -> used.addAll(client.using));
      Set<TopicPartition> subscribed = new HashSet<>();
      for (String topic : group.subscribedTopics()) {
        var present = world.image().topic(topic);
        for (int p = 0; present != null && p < present.partitions().size(); p++) {
          subscribed.add(new TopicPartition(present.id().toString(), p));
        }
      }
      assertThat(used).isEqualTo(subscribed);
    }
  }
}
