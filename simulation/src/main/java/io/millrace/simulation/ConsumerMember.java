package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData.TopicPartitions;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatRequest;
import org.jspecify.annotations.Nullable;

/**
 * A member by the consumer protocol (KIP-848): heartbeats tell it what it may have, and tell the
 * coordinator what it has given up. Goes away now and then, with or without a word, and comes back
 * as another process.
 */
final class ConsumerMember extends GroupMember {
  private static final int HEARTBEAT_VERSION = 1;
  private static final int SESSION_MS = 45_000; // the default of group.consumer.session.timeout.ms

  /** Longer than two sessions, so that a lost answer alone expels nobody. */
  private static final int REBALANCE_MS = 120_000;

  /** An offset that nobody commits in time. */
  private static final long TOO_LATE = 1L << 40;

  private static final long AGAIN_NS = TimeUnit.SECONDS.toNanos(1);

  /** After these it joins anew, with nothing. */
  private static final Set<Errors> OUT =
      EnumSet.of(Errors.UNKNOWN_MEMBER_ID, Errors.FENCED_MEMBER_EPOCH, Errors.GROUP_ID_NOT_FOUND);

  private final Subscription subscription;
  private NavigableSet<PartitionId> owned = new TreeSet<>();
  private boolean ownedIsNews;

  /** What it asked for by name when it last said so. */
  private List<String> toldNames = List.of();

  /** What it has given up, and what its epoch was before. */
  private final List<PartitionId> dropped = new ArrayList<>();

  private int droppedAt;
  private boolean unsure;
  private boolean leaving;
  private long heartbeatAtNs;

  /** What it wants to read. */
  enum Subscription {
    ALL_BY_NAME,
    FIRST_ONLY,
    ALL_BY_PATTERN
  }

  ConsumerMember(
      String name,
      EventLoop loop,
      SplittableRandom random,
      World world,
      GroupLedger group,
      Habits habits,
      Subscription subscription) {
    super(name, loop, random, world, group, habits);
    this.subscription = subscription;
    begin();
  }

  /** A pattern may match a topic that no client has found yet. */
  @Override
  Set<PartitionId> assigned() {
    return owned.stream().filter(ledger::knows).collect(Collectors.toCollection(TreeSet::new));
  }

  @Override
  int sessionMs() {
    return SESSION_MS;
  }

  @Override
  boolean isSettled() {
    return epoch == group.generation()
        && knowsOffsets()
        && toldNames.equals(namesToTell())
        && partitions().stream()
            .filter(partition -> !partition.isDeleting())
            .map(PartitionLedger::id)
            .filter(this::isSubscribed)
            .allMatch(group::isOwned);
  }

  /** The topics it asks for by name, of those that there are by now. */
  private List<String> namesToTell() {
    return switch (subscription) {
      case ALL_BY_NAME -> ledger.topics().stream().map(Ledger.Topic::name).toList();
      case FIRST_ONLY -> List.of(Admin.topic(0));
      case ALL_BY_PATTERN -> List.of();
    };
  }

  private boolean isSubscribed(PartitionId partition) {
    String topic = ledger.name(partition.topicId());
    return topic != null
        && (subscription != Subscription.FIRST_ONLY || topic.equals(Admin.topic(0)));
  }

  @Override
  String waitsFor() {
    return "%s%s: %s".formatted(subscription, leaving ? ", leaving" : "", super.waitsFor());
  }

  @Override
  void next(Connection connection) {
    if (leaving) {
      leave(connection);
    } else if (clock.monotonicNs() >= heartbeatAtNs) {
      heartbeat(connection);
    } else if (epoch > 0 && !knowsOffsets()) {
      askForOffsets(connection);
    } else if (epoch > 0 && habits.restarts() && !resting() && random.nextInt(60) == 0) {
      goAway();
    } else if (epoch > 0 && !dropped.isEmpty() && epoch > droppedAt) {
      commitTooLate(connection);
    } else if (epoch > 0) {
      commit(connection);
    }
  }

  @Override
  void onBroken(Connection connection) {
    super.onBroken(connection);
    unsure = true;
    if (leaving) {
      begin();
    }
  }

  @Override
  void onMisplaced(Errors error) {
    if (OUT.contains(error)) {
      joinAnew();
    } else if (error == Errors.STALE_MEMBER_EPOCH) {
      heartbeatAtNs = clock.monotonicNs();
    } else if (error == Errors.UNRELEASED_INSTANCE_ID && epoch == 0) {
      heartbeatAtNs = clock.monotonicNs() + AGAIN_NS; // its former self has not said goodbye
    } else {
      throw unexpected(error);
    }
  }

  /** As a process that has just been started. */
  private void begin() {
    memberId = new Uuid(random.nextLong(), random.nextLong()).toString();
    leaving = false;
    joinAnew();
  }

  private void goAway() {
    leaving = random.nextBoolean();
    if (leaving) {
      use(new TreeSet<>(), 0);
    } else {
      begin();
    }
  }

  private void joinAnew() {
    epoch = ConsumerGroupHeartbeatRequest.JOIN_GROUP_MEMBER_EPOCH;
    use(new TreeSet<>(), 0);
    dropped.clear();
    forgotten();
    unsure = true;
    heartbeatAtNs = clock.monotonicNs();
  }

  /**
   * Reads these from now on.
   *
   * @param keptSinceNs when it sent what keeps its session
   */
  private void use(NavigableSet<PartitionId> partitions, long keptSinceNs) {
    owned = partitions;
    keepOnly(owned);
    group.uses(
        owner(memberId),
        owned,
        clock.monotonicNs(),
        keptSinceNs + TimeUnit.MILLISECONDS.toNanos(SESSION_MS));
  }

  private ConsumerGroupHeartbeatRequestData request(int memberEpoch) {
    return new ConsumerGroupHeartbeatRequestData()
        .setGroupId(group.name())
        .setMemberId(memberId)
        .setInstanceId(instanceId)
        .setMemberEpoch(memberEpoch);
  }

  private void leave(Connection connection) {
    coordinator.ask(
        connection,
        request(
            instanceId == null
                ? ConsumerGroupHeartbeatRequest.LEAVE_GROUP_MEMBER_EPOCH
                : ConsumerGroupHeartbeatRequest.LEAVE_GROUP_STATIC_MEMBER_EPOCH),
        HEARTBEAT_VERSION,
        answer -> {},
        answer -> begin());
  }

  private void heartbeat(Connection connection) {
    ConsumerGroupHeartbeatRequestData request = request(epoch);
    List<String> names = namesToTell();
    if (unsure || random.nextInt(5) == 0 || !toldNames.equals(names)) {
      request
          .setRebalanceTimeoutMs(REBALANCE_MS)
          .setTopicPartitions(byTopic(owned))
          .setSubscribedTopicNames(names)
          .setSubscribedTopicRegex(
              subscription == Subscription.ALL_BY_PATTERN ? Admin.topicPattern() : "");
    } else if (ownedIsNews) {
      request.setTopicPartitions(byTopic(owned));
    }
    int of = epoch;
    String as = memberId;
    boolean tells = request.topicPartitions() != null;
    boolean tellsNames = request.subscribedTopicNames() != null;
    long sentNs = clock.monotonicNs();
    heartbeatAtNs = sentNs + AGAIN_NS;
    coordinator.ask(
        connection,
        request,
        HEARTBEAT_VERSION,
        answer -> onAnswered(as, (ConsumerGroupHeartbeatResponseData) answer),
        answer -> {
          ConsumerGroupHeartbeatResponseData told = (ConsumerGroupHeartbeatResponseData) answer;
          if (passes(Errors.forCode(told.errorCode())) && of == epoch) {
            unsure = false;
            ownedIsNews &= !tells;
            toldNames = tellsNames ? names : toldNames;
            kept(sentNs);
            onKept(told, sentNs);
          }
        });
  }

  /** By a coordinator, whether or not the answer arrives. */
  private void onAnswered(String as, ConsumerGroupHeartbeatResponseData told) {
    if (told.errorCode() == Errors.NONE.code() && told.assignment() != null) {
      group.assigned(told.memberEpoch(), owner(as), partitions(told.assignment()));
    }
  }

  private void onKept(ConsumerGroupHeartbeatResponseData told, long sentNs) {
    NavigableSet<PartitionId> given = partitions(told.assignment());
    boolean changed = told.assignment() != null && !given.equals(owned);
    if (changed) {
      dropped.clear();
      dropped.addAll(assigned());
      dropped.removeAll(given);
      droppedAt = epoch;
      ownedIsNews = true;
    }
    epoch = told.memberEpoch();
    use(changed ? given : owned, sentNs);
    heartbeatAtNs =
        clock.monotonicNs()
            + (changed ? 0 : TimeUnit.MILLISECONDS.toNanos(told.heartbeatIntervalMs()));
    group.assigned(epoch, owner(memberId), owned);
  }

  /** Of what it has given up, as of when it had it, as if that had been on its way till now. */
  private void commitTooLate(Connection connection) {
    commit(connection, droppedAt, Map.of(dropped.removeFirst(), TOO_LATE));
  }

  /** Whoever takes the place of a static member owns the same. */
  private String owner(String id) {
    return instanceId == null ? id : instanceId;
  }

  /** Now and then as somebody who has missed something would ask, which must be refused (C3). */
  private void askForOffsets(Connection connection) {
    List<PartitionId> all = List.copyOf(assigned());
    boolean stale = random.nextInt(8) == 0;
    lookUpOffsets(
        connection,
        stale
            ? OffsetCheck.of(group, all).refusedTo(memberId, epoch - 1)
            : OffsetCheck.of(group, all).by(memberId, epoch));
  }

  private static List<TopicPartitions> byTopic(Set<PartitionId> partitions) {
    TreeMap<Uuid, TopicPartitions> topics = new TreeMap<>();
    for (PartitionId partition : partitions) {
      topics
          .computeIfAbsent(partition.topicId(), id -> new TopicPartitions().setTopicId(id))
          .partitions()
          .add(partition.partition());
    }
    return List.copyOf(topics.values());
  }

  private static NavigableSet<PartitionId> partitions(
      ConsumerGroupHeartbeatResponseData.@Nullable Assignment assignment) {
    TreeSet<PartitionId> partitions = new TreeSet<>();
    if (assignment != null) {
      assignment
          .topicPartitions()
          .forEach(topic ->
              topic.partitions().forEach(p -> partitions.add(new PartitionId(topic.topicId(), p))));
    }
    return partitions;
  }
}
