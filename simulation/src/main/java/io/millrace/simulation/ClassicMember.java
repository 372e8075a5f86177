package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;

/** A member by the classic protocol: joins, syncs, keeps its session. */
final class ClassicMember extends GroupMember {
  private static final int SESSION_MS = 12_000;
  private static final int REBALANCE_MS = 15_000;
  private static final long HEARTBEAT_NS = TimeUnit.SECONDS.toNanos(3);
  private static final String PROTOCOL = "spread";
  private static final int JOIN_VERSION = 9;
  private static final int SYNC_VERSION = 5;
  private static final int HEARTBEAT_VERSION = 4;

  private Step step = Step.JOIN;
  private List<PartitionId> assigned = List.of();
  private Map<String, List<PartitionId>> plan = Map.of();
  private long heartbeatAtNs;

  private enum Step {
    JOIN,
    SYNC,
    LOOK_UP_OFFSETS,
    STABLE
  }

  ClassicMember(
      String name,
      EventLoop loop,
      SplittableRandom random,
      World world,
      GroupLedger group,
      Habits habits) {
    super(name, loop, random, world, group, habits);
  }

  @Override
  List<PartitionId> assigned() {
    return assigned;
  }

  @Override
  int sessionMs() {
    return SESSION_MS;
  }

  @Override
  boolean isSettled() {
    return step == Step.STABLE && epoch == group.generation();
  }

  @Override
  String waitsFor() {
    return step + ": " + super.waitsFor();
  }

  @Override
  void next(Connection connection) {
    if (step == Step.LOOK_UP_OFFSETS && knowsOffsets()) {
      step = Step.STABLE;
    }
    switch (step) {
      case JOIN -> join(connection);
      case SYNC -> sync(connection);
      case LOOK_UP_OFFSETS -> lookUpOffsets(connection, OffsetCheck.of(group, assigned));
      case STABLE -> keep(connection);
    }
  }

  @Override
  void onMisplaced(Errors error) {
    switch (error) {
      case UNKNOWN_MEMBER_ID -> forget();
      case ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS -> leaveGeneration();
      default -> throw unexpected(error);
    }
  }

  private void forget() {
    memberId = "";
    forgotten();
    leaveGeneration();
  }

  private void leaveGeneration() {
    epoch = -1;
    assigned = List.of();
    keepOnly(assigned);
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
      epoch = answer.generationId();
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
    int of = epoch;
    long sentNs = clock.monotonicNs();
    String who =
        instanceId == null ? memberId : instanceId; // whoever takes its place owns the same
    coordinator.ask(
        connection,
        new SyncGroupRequestData()
            .setGroupId(group.name())
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setGenerationId(epoch)
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
          if (passes(Errors.forCode(synced.errorCode())) && of == epoch) {
            kept(sentNs);
            assigned = decode(synced.assignment());
            step = Step.LOOK_UP_OFFSETS;
          }
        });
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
    long sentNs = clock.monotonicNs();
    heartbeatAtNs = sentNs + HEARTBEAT_NS;
    int of = epoch;
    coordinator.ask(
        connection,
        new HeartbeatRequestData()
            .setGroupId(group.name())
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setGenerationId(epoch),
        HEARTBEAT_VERSION,
        answer -> {},
        answer -> {
          if (of == epoch && passes(Errors.forCode(((HeartbeatResponseData) answer).errorCode()))) {
            kept(sentNs);
          }
        });
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
