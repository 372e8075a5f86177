package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.simulation.GroupLedger.Commit;
import io.millrace.storage.PartitionId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.jspecify.annotations.Nullable;

/**
 * A member of a group of the classic protocol: joins, syncs, keeps its session, reads on from what
 * was committed and commits what it has read. Forgets who it is now and then, as a restarted
 * client. What it is told goes to the {@link GroupLedger} when it is answered.
 */
final class GroupMember extends Client {
  static final int SESSION_MS = 12_000;

  private static final int REBALANCE_MS = 15_000;
  private static final long HEARTBEAT_NS = TimeUnit.SECONDS.toNanos(3);
  private static final String PROTOCOL = "spread";
  private static final int JOIN_VERSION = 9;
  private static final int SYNC_VERSION = 5;
  private static final int HEARTBEAT_VERSION = 4;
  private static final int COMMIT_VERSION = 10;

  /** Said of a commit by a coordinator that did not take it. */
  private static final Set<Errors> NOT_COMMITTED =
      EnumSet.of(
          Errors.ILLEGAL_GENERATION,
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

  private final GroupLedger group;
  private final Habits habits;
  private final @Nullable String instanceId;
  private final TreeMap<PartitionId, Long> positions = new TreeMap<>();
  private final TreeMap<PartitionId, Long> committed = new TreeMap<>();
  private final CoordinatorRoute coordinator;
  private @Nullable Connection reading;
  private Step step = Step.JOIN;
  private String memberId = "";
  private int generation = -1;
  private List<PartitionId> assigned = List.of();
  private Map<String, List<PartitionId>> plan = Map.of();
  private long heartbeatAtNs;
  private String lastError = "none";

  /**
   * @param isStatic has an instance id
   * @param restarts forgets who it is now and then
   */
  record Habits(boolean isStatic, boolean restarts) {}

  private enum Step {
    JOIN,
    SYNC,
    LOOK_UP_OFFSETS,
    STABLE
  }

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

  @Override
  boolean done() {
    return step == Step.STABLE
        && generation == group.generation()
        && assigned.stream()
            .map(ledger::partition)
            .filter(partition -> !partition.isDeleting())
            .allMatch(partition -> committed.getOrDefault(partition.id(), 0L) >= partition.end());
  }

  @Override
  String waitsFor() {
    return "%s of %s: %s in generation %d of %d, assigned %s, positions %s, committed %s, last error %s, coordinator %s"
        .formatted(
            name,
            group.name(),
            step,
            generation,
            group.generation(),
            assigned,
            positions,
            committed,
            lastError,
            coordinator);
  }

  @Override
  void act() {
    Connection connection = coordinator.free();
    if (connection != null) {
      switch (step) {
        case JOIN -> join(connection);
        case SYNC -> sync(connection);
        case LOOK_UP_OFFSETS -> lookUpOffsets(connection);
        case STABLE -> keep(connection);
      }
    }
    if (step == Step.STABLE && reading == null) {
      read();
    }
    later(10 + random.nextInt(40), this::act);
  }

  @Override
  void onBroken(Connection connection) {
    coordinator.onBroken(connection);
    if (connection.equals(reading)) {
      reading = null;
    }
  }

  /** True if there is no error; otherwise it is known what to do, or it is a violation. */
  private boolean passes(Errors error) {
    if (error == Errors.NONE) {
      return true;
    }
    lastError = error.name();
    if (coordinator.leftBy(error)) {
      return false;
    }
    switch (error) {
      case UNKNOWN_MEMBER_ID -> {
        if (!memberId.isEmpty()) {
          group.onExpelled();
        }
        forget();
      }
      case ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS -> leaveGeneration();
      default -> {
        if (!PASSING.contains(error)) {
          throw new Violation("%s told to %s of %s".formatted(error, name, group.name()));
        }
      }
    }
    return false;
  }

  private void forget() {
    memberId = "";
    leaveGeneration();
  }

  private void leaveGeneration() {
    generation = -1;
    assigned = List.of();
    positions.clear();
    committed.clear();
    step = Step.JOIN;
  }

  private void join(Connection connection) {
    JoinGroupRequestProtocolCollection protocols = new JoinGroupRequestProtocolCollection();
    protocols.add(new JoinGroupRequestProtocol().setName(PROTOCOL).setMetadata(new byte[0]));
    coordinator.ask(
        connection,
        new JoinGroupRequestData()
            .setGroupId(group.name())
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setProtocolType("consumer")
            .setProtocols(protocols)
            .setSessionTimeoutMs(SESSION_MS)
            .setRebalanceTimeoutMs(REBALANCE_MS),
        JOIN_VERSION,
        answer -> {},
        answer -> onJoined((JoinGroupResponseData) answer));
  }

  private void onJoined(JoinGroupResponseData answer) {
    Errors error = Errors.forCode(answer.errorCode());
    if (error == Errors.MEMBER_ID_REQUIRED) {
      memberId = answer.memberId();
    } else if (passes(error)) {
      memberId = answer.memberId();
      generation = answer.generationId();
      plan =
          answer.leader().equals(memberId)
              ? spread(answer.members().stream().map(m -> m.memberId()).sorted().toList())
              : Map.of();
      step = Step.SYNC;
    }
  }

  private Map<String, List<PartitionId>> spread(List<String> members) {
    Map<String, List<PartitionId>> spread = new TreeMap<>();
    members.forEach(member -> spread.put(member, new ArrayList<>()));
    int next = 0;
    for (PartitionLedger partition : partitions()) {
      spread
          .getOrDefault(members.get(next++ % members.size()), new ArrayList<>())
          .add(partition.id());
    }
    return spread;
  }

  private void sync(Connection connection) {
    List<SyncGroupRequestAssignment> assignments =
        plan.entrySet().stream()
            .map(entry ->
                new SyncGroupRequestAssignment()
                    .setMemberId(entry.getKey())
                    .setAssignment(encode(entry.getValue())))
            .toList();
    int of = generation;
    String who =
        instanceId == null ? memberId : instanceId; // whoever takes its place owns the same
    coordinator.ask(
        connection,
        new SyncGroupRequestData()
            .setGroupId(group.name())
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setGenerationId(generation)
            .setProtocolType("consumer")
            .setProtocolName(PROTOCOL)
            .setAssignments(assignments),
        SYNC_VERSION,
        answer -> {
          SyncGroupResponseData synced = (SyncGroupResponseData) answer;
          if (synced.errorCode() == Errors.NONE.code()) {
            group.assigned(of, who, decode(synced.assignment()));
          }
        },
        answer -> {
          SyncGroupResponseData synced = (SyncGroupResponseData) answer;
          if (passes(Errors.forCode(synced.errorCode())) && of == generation) {
            assigned = decode(synced.assignment());
            step = assigned.isEmpty() ? Step.STABLE : Step.LOOK_UP_OFFSETS;
          }
        });
  }

  private void lookUpOffsets(Connection connection) {
    int of = generation;
    OffsetCheck check = OffsetCheck.of(group, assigned);
    coordinator.ask(
        connection,
        check.request(),
        OffsetCheck.VERSION,
        answer -> check.answered((OffsetFetchResponseData) answer, this::isGone),
        answer -> {
          OffsetFetchResponseData told = (OffsetFetchResponseData) answer;
          if (passes(check.error(told)) && of == generation) {
            check.answered(told, _ -> true).forEach(this::begin);
            if (positions.size() == assigned.size()) {
              step = Step.STABLE;
            }
          }
        });
  }

  private void begin(PartitionId partition, OffsetFetchResponsePartitions answer) {
    boolean gone = isGone(partition);
    if (gone || passes(Errors.forCode(answer.errorCode()))) {
      long offset = Math.max(answer.committedOffset(), world.logStart(partition));
      positions.put(partition, gone ? 0 : offset);
      committed.put(partition, gone ? 0 : answer.committedOffset());
    }
  }

  /** Its session, its offsets; now and then it is another process that has its place. */
  private void keep(Connection connection) {
    if (habits.restarts() && !resting() && random.nextInt(200) == 0) {
      forget();
    } else if (clock.monotonicNs() >= heartbeatAtNs) {
      heartbeat(connection);
    } else {
      commit(connection);
    }
  }

  private void heartbeat(Connection connection) {
    heartbeatAtNs = clock.monotonicNs() + HEARTBEAT_NS;
    int of = generation;
    coordinator.ask(
        connection,
        new HeartbeatRequestData()
            .setGroupId(group.name())
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setGenerationId(generation),
        HEARTBEAT_VERSION,
        answer -> {},
        answer -> {
          if (of == generation) {
            passes(Errors.forCode(((HeartbeatResponseData) answer).errorCode()));
          }
        });
  }

  private void commit(Connection connection) {
    List<Commit> commits = new ArrayList<>();
    List<OffsetCommitRequestTopic> topics = new ArrayList<>();
    positions.forEach((partition, position) -> {
      if (position > committed.getOrDefault(partition, -1L) && !isGone(partition)) {
        Commit commit = group.sending(partition, position, generation);
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
    int of = generation;
    coordinator.ask(
        connection,
        new OffsetCommitRequestData()
            .setGroupId(group.name())
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setGenerationIdOrMemberEpoch(generation)
            .setTopics(topics),
        COMMIT_VERSION,
        answer -> commits.forEach(commit -> onCommitAnswered(commit, answer)),
        answer -> {
          for (Commit commit : commits) {
            if (of == generation && passes(error(commit, answer))) {
              committed.put(commit.partition, commit.offset);
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
    int of = generation;
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
                    if (of == generation) {
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

  private boolean isGone(PartitionId partition) {
    return ledger.partition(partition).isDeleting();
  }

  private static byte[] encode(List<PartitionId> partitions) {
    StringBuilder text = new StringBuilder();
    partitions.forEach(p -> text.append(p.topicId()).append(':').append(p.partition()).append(' '));
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static List<PartitionId> decode(byte[] assignment) {
    return Arrays.stream(new String(assignment, StandardCharsets.US_ASCII).split(" ", -1))
        .filter(word -> !word.isEmpty())
        .map(word -> {
          int colon = word.lastIndexOf(':');
          return new PartitionId(
              Uuid.fromString(word.substring(0, colon)),
              Integer.parseInt(word, colon + 1, word.length(), 10));
        })
        .toList();
  }
}
