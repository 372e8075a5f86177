package io.millrace.coordinator.group.classic;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.jspecify.annotations.Nullable;

/** One member of a classic group. Belongs to its group's shard loop. */
public final class ClassicMember {
  public static final byte[] NO_BYTES = new byte[0];

  private String memberId;
  private final @Nullable String groupInstanceId;
  private final String clientId;
  private final String clientHost;
  private int rebalanceTimeoutMs;
  private int sessionTimeoutMs;
  private Map<String, byte[]> protocols;
  private byte[] assignment = NO_BYTES;
  private @Nullable CompletableFuture<JoinGroupResponseData> joining;
  private @Nullable CompletableFuture<SyncGroupResponseData> syncing;

  /**
   * True until its first rebalance completes: it may take longer than its session to be admitted.
   */
  private boolean fresh;

  public ClassicMember(
      String memberId,
      @Nullable String groupInstanceId,
      String clientId,
      String clientHost,
      int rebalanceTimeoutMs,
      int sessionTimeoutMs,
      Map<String, byte[]> protocols) {
    this.memberId = memberId;
    this.groupInstanceId = groupInstanceId;
    this.clientId = clientId;
    this.clientHost = clientHost;
    this.rebalanceTimeoutMs = rebalanceTimeoutMs;
    this.sessionTimeoutMs = sessionTimeoutMs;
    this.protocols = new LinkedHashMap<>(protocols);
  }

  public String memberId() {
    return memberId;
  }

  void memberId(String replacement) {
    memberId = replacement;
  }

  public @Nullable String groupInstanceId() {
    return groupInstanceId;
  }

  public String clientId() {
    return clientId;
  }

  public String clientHost() {
    return clientHost;
  }

  public int rebalanceTimeoutMs() {
    return rebalanceTimeoutMs;
  }

  public int sessionTimeoutMs() {
    return sessionTimeoutMs;
  }

  public byte[] assignment() {
    return assignment;
  }

  public void assignment(byte[] bytes) {
    assignment = bytes;
  }

  boolean fresh() {
    return fresh;
  }

  void fresh(boolean value) {
    fresh = value;
  }

  void update(int rebalanceTimeout, int sessionTimeout, Map<String, byte[]> supported) {
    rebalanceTimeoutMs = rebalanceTimeout;
    sessionTimeoutMs = sessionTimeout;
    protocols = new LinkedHashMap<>(supported);
  }

  public Map<String, byte[]> protocols() {
    return protocols;
  }

  public byte[] metadata(@Nullable String protocol) {
    byte[] found = protocol == null ? null : protocols.get(protocol);
    return found == null ? NO_BYTES : found;
  }

  /** For the protocol, or where it does not know that one, for the first of its own. */
  public byte[] anyMetadata(@Nullable String protocol) {
    byte[] found = protocol == null ? null : protocols.get(protocol);
    return found != null ? found : protocols.values().stream().findFirst().orElse(NO_BYTES);
  }

  /** Same names in the same order with the same bytes. */
  boolean matches(Map<String, byte[]> others) {
    if (!List.copyOf(protocols.keySet()).equals(List.copyOf(others.keySet()))) {
      return false;
    }
    return protocols.entrySet().stream()
        .allMatch(e -> Arrays.equals(e.getValue(), others.get(e.getKey())));
  }

  boolean isJoining() {
    return joining != null;
  }

  void joining(CompletableFuture<JoinGroupResponseData> reply) {
    joining = reply;
  }

  /** Takes the waiting join, if there is one. */
  @Nullable CompletableFuture<JoinGroupResponseData> takeJoining() {
    CompletableFuture<JoinGroupResponseData> taken = joining;
    joining = null;
    return taken;
  }

  boolean isSyncing() {
    return syncing != null;
  }

  void syncing(CompletableFuture<SyncGroupResponseData> reply) {
    syncing = reply;
  }

  /** Takes the waiting sync, if there is one. */
  @Nullable CompletableFuture<SyncGroupResponseData> takeSyncing() {
    CompletableFuture<SyncGroupResponseData> taken = syncing;
    syncing = null;
    return taken;
  }
}
