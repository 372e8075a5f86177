package io.millrace.coordinator.group.classic;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Membership of one classic group: who is in, who leads, which protocol, which generation.
 * Transitions: EMPTY -> PREPARING_REBALANCE -> COMPLETING_REBALANCE -> STABLE ->
 * PREPARING_REBALANCE; PREPARING_REBALANCE -> EMPTY when nobody is left. Decides nothing by itself
 * and sends nothing: see {@link ClassicJoin}, {@link ClassicRebalance}, {@link ClassicSync}.
 */
public final class ClassicGroup {
  private final String groupId;
  private final Map<String, ClassicMember> members = new LinkedHashMap<>();
  private final Map<String, String> staticMembers = new LinkedHashMap<>();
  private final Set<String> pendingMembers = new LinkedHashSet<>();
  private final Set<String> pendingSyncs = new LinkedHashSet<>();
  private ClassicState state = ClassicState.EMPTY;
  private long stateSinceMs;
  private int generation;
  private @Nullable String protocolType;
  private @Nullable String protocolName;
  private @Nullable String leaderId;

  /** A member joined while the initial delay ran, so the delay may be extended. */
  private boolean joinedDuringDelay;

  /** What is left of the time for which the initial delay may be extended; empty: none runs. */
  private OptionalInt initialDelayLeftMs = OptionalInt.empty();

  public ClassicGroup(String groupId, long nowMs) {
    this.groupId = groupId;
    this.stateSinceMs = nowMs;
  }

  public String groupId() {
    return groupId;
  }

  public ClassicState state() {
    return state;
  }

  public boolean is(ClassicState candidate) {
    return state == candidate;
  }

  void become(ClassicState next, long nowMs) {
    state = next;
    stateSinceMs = nowMs;
  }

  public long stateSinceMs() {
    return stateSinceMs;
  }

  public int generation() {
    return generation;
  }

  public @Nullable String protocolType() {
    return protocolType;
  }

  public @Nullable String protocolName() {
    return protocolName;
  }

  @Nullable String leaderId() {
    return leaderId;
  }

  boolean isLeader(String memberId) {
    return memberId.equals(leaderId);
  }

  boolean joinedDuringDelay() {
    return joinedDuringDelay;
  }

  void joinedDuringDelay(boolean value) {
    joinedDuringDelay = value;
  }

  OptionalInt initialDelayLeftMs() {
    return initialDelayLeftMs;
  }

  void initialDelayLeftMs(OptionalInt leftMs) {
    initialDelayLeftMs = leftMs;
  }

  public Collection<ClassicMember> members() {
    return members.values();
  }

  public int size() {
    return members.size();
  }

  @Nullable ClassicMember member(String memberId) {
    return members.get(memberId);
  }

  @Nullable ClassicMember staticMember(@Nullable String groupInstanceId) {
    String memberId = groupInstanceId == null ? null : staticMembers.get(groupInstanceId);
    return memberId == null ? null : members.get(memberId);
  }

  Set<String> pendingMembers() {
    return pendingMembers;
  }

  Set<String> pendingSyncs() {
    return pendingSyncs;
  }

  void add(ClassicMember member) {
    if (members.isEmpty()) {
      leaderId = null;
    }
    members.put(member.memberId(), member);
    if (member.groupInstanceId() != null) {
      staticMembers.put(member.groupInstanceId(), member.memberId());
    }
    if (leaderId == null) {
      leaderId = member.memberId();
    }
    pendingMembers.remove(member.memberId());
  }

  void remove(ClassicMember member) {
    members.remove(member.memberId());
    pendingSyncs.remove(member.memberId());
    if (member.groupInstanceId() != null) {
      staticMembers.remove(member.groupInstanceId(), member.memberId());
    }
    if (isLeader(member.memberId())) {
      leaderId = members.isEmpty() ? null : members.keySet().iterator().next();
    }
  }

  /** Gives a static member a new member id in place; the former id is fenced from now on. */
  void replaceMemberId(ClassicMember member, String newMemberId) {
    boolean led = isLeader(member.memberId());
    Map<String, ClassicMember> reordered = new LinkedHashMap<>();
    members.forEach((id, m) -> reordered.put(m == member ? newMemberId : id, m));
    pendingSyncs.remove(member.memberId());
    member.memberId(newMemberId);
    members.clear();
    members.putAll(reordered);
    String instance = member.groupInstanceId();
    if (instance != null) {
      staticMembers.put(instance, newMemberId);
    }
    if (led) {
      leaderId = newMemberId;
    }
  }

  /** If the leader did not rejoin, the first member that did takes over; false if nobody did. */
  boolean leaderRejoined() {
    ClassicMember leader = leaderId == null ? null : members.get(leaderId);
    if (leader != null && leader.isJoining()) {
      return true;
    }
    for (ClassicMember member : members.values()) {
      if (member.isJoining()) {
        leaderId = member.memberId();
        return true;
      }
    }
    return false;
  }

  boolean allJoined() {
    return pendingMembers.isEmpty() && members.values().stream().allMatch(ClassicMember::isJoining);
  }

  int joiningCount() {
    return (int) members.values().stream().filter(ClassicMember::isJoining).count();
  }

  int rebalanceTimeoutMs() {
    return members.values().stream().mapToInt(ClassicMember::rebalanceTimeoutMs).max().orElse(0);
  }

  /** Whether a member of this type with these protocols fits those that are in. */
  boolean supports(String type, Set<String> protocols) {
    if (members.isEmpty()) {
      return !type.isEmpty() && !protocols.isEmpty();
    }
    return type.equals(protocolType) && protocols.stream().anyMatch(commonProtocols()::contains);
  }

  private Set<String> commonProtocols() {
    Set<String> common = new LinkedHashSet<>();
    boolean first = true;
    for (ClassicMember member : members.values()) {
      if (first) {
        common.addAll(member.protocols().keySet());
        first = false;
      } else {
        common.retainAll(member.protocols().keySet());
      }
    }
    return common;
  }

  void protocolType(String type) {
    protocolType = type;
  }

  public void protocolName(String name) {
    protocolName = name;
  }

  /** Every member votes for the first common protocol of its list; most votes win. */
  public String selectProtocol() {
    Set<String> common = commonProtocols();
    Map<String, Integer> votes = new LinkedHashMap<>();
    for (ClassicMember member : members.values()) {
      member.protocols().keySet().stream()
          .filter(common::contains)
          .findFirst()
          .ifPresent(p -> votes.merge(p, 1, Integer::sum));
    }
    return votes.entrySet().stream()
        .reduce((best, next) -> next.getValue() > best.getValue() ? next : best)
        .map(Map.Entry::getKey)
        .orElseThrow(() -> new IllegalStateException("members without a common protocol"));
  }

  /** Nothing is known of it but its name: no member, no generation in the log. */
  boolean isUnused() {
    return is(ClassicState.EMPTY)
        && members.isEmpty()
        && pendingMembers.isEmpty()
        && generation == 0;
  }

  /** Whether its members speak the protocol of consumers, so that subscriptions can be read. */
  public boolean isOfConsumers() {
    return EmbeddedProtocol.TYPE.equals(protocolType);
  }

  /**
   * Topics its members are subscribed to; empty if that cannot be told (no consumers, or bytes that
   * are not theirs).
   */
  public Optional<Set<String>> subscribedTopics() {
    if (!isOfConsumers()) {
      return Optional.empty();
    }
    Set<String> topics = new TreeSet<>();
    for (ClassicMember member : members.values()) {
      Optional<ConsumerProtocolSubscription> subscription =
          EmbeddedProtocol.subscription(member.anyMetadata(protocolName));
      if (subscription.isEmpty()) {
        return Optional.empty();
      }
      topics.addAll(subscription.get().topics());
    }
    return Optional.of(topics);
  }

  /** Next generation with those that joined; empty groups lose protocol and leader. */
  void nextGeneration(long nowMs) {
    generation++;
    pendingSyncs.clear();
    if (members.isEmpty()) {
      protocolName = null;
      become(ClassicState.EMPTY, nowMs);
    } else {
      protocolName = selectProtocol();
      become(ClassicState.COMPLETING_REBALANCE, nowMs);
    }
  }

  /** State as a log record describes it. */
  public void restore(
      int loadedGeneration,
      @Nullable String type,
      @Nullable String protocol,
      @Nullable String leader,
      List<ClassicMember> loaded,
      long sinceMs) {
    members.clear();
    staticMembers.clear();
    loaded.forEach(this::add);
    generation = loadedGeneration;
    protocolType = type;
    protocolName = protocol;
    leaderId = leader;
    become(loaded.isEmpty() ? ClassicState.EMPTY : ClassicState.STABLE, sinceMs);
  }

  /** NONE, or why the caller is not the member it says it is. */
  Errors validate(String memberId, @Nullable String groupInstanceId) {
    if (groupInstanceId != null) {
      ClassicMember known = staticMember(groupInstanceId);
      if (known == null) {
        return Errors.UNKNOWN_MEMBER_ID;
      }
      if (!known.memberId().equals(memberId)) {
        return Errors.FENCED_INSTANCE_ID;
      }
    }
    return members.containsKey(memberId) ? Errors.NONE : Errors.UNKNOWN_MEMBER_ID;
  }

  List<ClassicMember> notJoined() {
    List<ClassicMember> missing = new ArrayList<>();
    for (ClassicMember member : members.values()) {
      if (!member.isJoining()) {
        missing.add(member);
      }
    }
    return missing;
  }
}
