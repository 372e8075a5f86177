package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.simulation.GroupLedger.Commit;
import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.jspecify.annotations.Nullable;

/**
 * A member of a group: reads its partitions on from what was committed, and commits what it has
 * read. How it becomes a member, and gets partitions, is said by the protocol it speaks. Some are
 * static, some forget now and then who they are, as a restarted client. What it is told goes to the
 * {@link GroupLedger} when it is answered.
 */
abstract class GroupMember extends Client {
  private static final int COMMIT_VERSION = 10;
  private static final long NEVER = Long.MIN_VALUE;

  /** Said of a commit by a coordinator that did not take it. */
  private static final Set<Errors> NOT_COMMITTED =
      EnumSet.of(
          Errors.ILLEGAL_GENERATION,
          Errors.STALE_MEMBER_EPOCH,
          Errors.UNKNOWN_MEMBER_ID,
          Errors.FENCED_INSTANCE_ID,
          Errors.REBALANCE_IN_PROGRESS);

  private static final Set<Errors> PASSING =
      EnumSet.of(
          Errors.COORDINATOR_LOAD_IN_PROGRESS,
          Errors.NOT_COORDINATOR,
          Errors.COORDINATOR_NOT_AVAILABLE,
          Errors.REQUEST_TIMED_OUT,
          Errors.KAFKA_STORAGE_ERROR,
          Errors.UNKNOWN_TOPIC_ID,
          Errors.UNKNOWN_TOPIC_OR_PARTITION,
          Errors.UNSTABLE_OFFSET_COMMIT,
          Errors.UNKNOWN_SERVER_ERROR);

  final GroupLedger group;
  final Habits habits;
  final @Nullable String instanceId;
  final CoordinatorRoute coordinator;
  String memberId = "";

  /** Its generation, or epoch. */
  int epoch = -1;

  private final TreeMap<PartitionId, Long> positions = new TreeMap<>();
  private final TreeMap<PartitionId, Long> committed = new TreeMap<>();
  private @Nullable Connection reading;
  private long keptSinceNs = NEVER;
  private String lastError = "none";

  /**
   * @param isStatic has an instance id
   * @param restarts forgets who it is now and then
   */
  record Habits(boolean isStatic, boolean restarts) {}

  GroupMember(
      String name,
      EventLoop loop,
      SplittableRandom random,
      World world,
      GroupLedger group,
      Habits habits) {
    super(name, loop, random, world);
    this.group = group;
    this.habits = habits;
    this.coordinator = new CoordinatorRoute(this, CoordinatorType.GROUP, group.name());
    this.instanceId = habits.isStatic() ? name : null;
  }

  /** What it may read at present. */
  abstract Collection<PartitionId> assigned();

  /** The next request to the coordinator, if there is one to send. */
  abstract void next(Connection connection);

  /** It has left its generation, or epoch, for a reason that only its protocol knows. */
  abstract void onMisplaced(Errors error);

  /** Without a request for so long a coordinator expels it, ms. */
  abstract int sessionMs();

  /** Its part of the group is as it is to stay. */
  abstract boolean isSettled();

  @Override
  boolean done() {
    return isSettled()
        && assigned().stream()
            .map(ledger::partition)
            .filter(partition -> !partition.isDeleting())
            .allMatch(partition -> committed.getOrDefault(partition.id(), -1L) >= partition.end());
  }

  @Override
  String waitsFor() {
    return "%s of %s: in generation %d of %d, assigned %s, positions %s, committed %s, last error %s, coordinator %s"
        .formatted(
            name,
            group.name(),
            epoch,
            group.generation(),
            assigned(),
            positions,
            committed,
            lastError,
            coordinator);
  }

  @Override
  void act() {
    Connection connection = coordinator.free();
    if (connection != null) {
      next(connection);
    }
    if (reading == null) {
      read();
    }
    if (!habits.restarts() || !pauses(this::goOn)) {
      later(10 + random.nextInt(40), this::act);
    }
  }

  /** What it commits first may be no longer its own. */
  private void goOn() {
    Connection connection = coordinator.free();
    if (connection != null) {
      commit(connection);
    }
    act();
  }

  @Override
  void onBroken(Connection connection) {
    coordinator.onBroken(connection);
    if (connection.equals(reading)) {
      reading = null;
    }
  }

  /** True if there is no error; otherwise it is known what to do, or it is a violation. */
  final boolean passes(Errors error) {
    if (error == Errors.NONE) {
      return true;
    }
    lastError = error.name();
    if (coordinator.leftBy(error) || PASSING.contains(error)) {
      return false;
    }
    if (error == Errors.UNKNOWN_MEMBER_ID) {
      expelled();
    }
    onMisplaced(error);
    return false;
  }

  final Violation unexpected(Errors error) {
    return new Violation("%s told to %s of %s".formatted(error, name, group.name()));
  }

  private void expelled() {
    long sinceMs = TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs() - keptSinceNs);
    if (keptSinceNs != NEVER && sinceMs < sessionMs()) {
      throw new Violation(
          "C4: %s of %s is told that it is no member %d ms after it sent what kept its session of %d ms"
              .formatted(name, group.name(), sinceMs, sessionMs()));
    }
    if (!memberId.isEmpty()) {
      group.onExpelled();
    }
  }

  /** A member, for its session, from when it sent what was answered so. */
  final void kept(long sentNs) {
    keptSinceNs = sentNs;
  }

  /** It asks for another place, and knows nothing of this one. */
  final void forgotten() {
    keptSinceNs = NEVER;
  }

  /** Partitions that it has no longer are read and committed no longer. */
  final void keepOnly(Collection<PartitionId> partitions) {
    positions.keySet().retainAll(partitions);
    committed.keySet().retainAll(partitions);
  }

  final boolean knowsOffsets() {
    return positions.keySet().containsAll(assigned());
  }

  /**
   * Asks where to go on.
   *
   * @param check says who asks
   */
  final void lookUpOffsets(Connection connection, OffsetCheck check) {
    int of = epoch;
    coordinator.ask(
        connection,
        check.request(),
        OffsetCheck.VERSION,
        answer -> check.answered((OffsetFetchResponseData) answer, this::isGone),
        answer -> {
          OffsetFetchResponseData told = (OffsetFetchResponseData) answer;
          if (passes(check.error(told)) && of == epoch) {
            check.answered(told, _ -> true).forEach(this::begin);
          }
        });
  }

  private void begin(PartitionId partition, OffsetFetchResponsePartitions answer) {
    boolean gone = isGone(partition);
    if (assigned().contains(partition) && (gone || passes(Errors.forCode(answer.errorCode())))) {
      long offset = Math.max(answer.committedOffset(), world.logStart(partition));
      positions.put(partition, gone ? 0 : offset);
      committed.put(partition, gone ? 0 : answer.committedOffset());
    }
  }

  final void commit(Connection connection) {
    Map<PartitionId, Long> news = new TreeMap<>(positions);
    news.entrySet().removeIf(each -> each.getValue() <= committed.getOrDefault(each.getKey(), -1L));
    commit(connection, epoch, news);
  }

  /**
   * Commits offsets.
   *
   * @param as the generation, or epoch, it claims
   */
  final void commit(Connection connection, int as, Map<PartitionId, Long> offsets) {
    List<Commit> commits = new ArrayList<>();
    List<OffsetCommitRequestTopic> topics = new ArrayList<>();
    offsets.forEach((partition, position) -> {
      if (!isGone(partition)) {
        Commit commit =
            as < epoch
                ? group.sendingTooLate(partition, position, as)
                : group.sending(partition, position, as);
        commits.add(commit);
        topics.add(
            new OffsetCommitRequestTopic()
                .setTopicId(partition.topicId())
                .setPartitions(
                    List.of(
                        new OffsetCommitRequestPartition()
                            .setPartitionIndex(partition.partition())
                            .setCommittedOffset(position)
                            .setCommittedMetadata(commit.metadata))));
      }
    });
    if (commits.isEmpty()) {
      return;
    }
    coordinator.ask(
        connection,
        new OffsetCommitRequestData()
            .setGroupId(group.name())
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setGenerationIdOrMemberEpoch(as)
            .setTopics(topics),
        COMMIT_VERSION,
        answer -> commits.forEach(commit -> onCommitAnswered(commit, answer)),
        answer -> {
          for (Commit commit : commits) {
            if (as == epoch && passes(error(commit, answer))) {
              committed.replace(commit.partition, commit.offset);
            }
          }
        });
  }

  private void onCommitAnswered(Commit commit, ApiMessage answer) {
    Errors error = error(commit, answer);
    if (error == Errors.NONE) {
      if (!isGone(commit.partition)) {
        group.committed(commit);
      }
    } else if (NOT_COMMITTED.contains(error)) {
      group.refused(commit);
    }
  }

  private static Errors error(Commit commit, ApiMessage answer) {
    return ((OffsetCommitResponseData) answer)
        .topics().stream()
            .filter(topic -> topic.topicId().equals(commit.partition.topicId()))
            .flatMap(topic -> topic.partitions().stream())
            .filter(partition -> partition.partitionIndex() == commit.partition.partition())
            .map(partition -> Errors.forCode(partition.errorCode()))
            .findFirst()
            .orElseThrow(() -> new Violation("no answer for " + commit));
  }

  private void read() {
    List<PartitionId> readable =
        positions.keySet().stream().filter(partition -> !isGone(partition)).toList();
    if (readable.isEmpty()) {
      return;
    }
    PartitionLedger partition = ledger.partition(readable.get(random.nextInt(readable.size())));
    Connection connection = leader(partition.id());
    if (connection == null) {
      return;
    }
    long position = positions.getOrDefault(partition.id(), 0L);
    int of = epoch;
    FetchCheck check = FetchCheck.at(partition, position, -1, connection.process());
    reading = connection;
    send(
        connection,
        FetchCheck.request(List.of(check), 0, 200_000),
        FetchCheck.VERSION,
        answer -> {
          reading = null;
          check
              .answered((FetchResponseData) answer, true)
              .ifPresentOrElse(
                  fetched -> {
                    if (of == epoch) {
                      positions.replace(partition.id(), position, fetched.next(position));
                    }
                  },
                  () -> {
                    positions.computeIfPresent(
                        partition.id(), (id, at) -> Math.max(at, world.logStart(id)));
                    askWhoLeads();
                  });
        });
  }

  final boolean isGone(PartitionId partition) {
    return ledger.partition(partition).isDeleting();
  }
}
