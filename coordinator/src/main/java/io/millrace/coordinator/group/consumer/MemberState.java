package io.millrace.coordinator.group.consumer;

/**
 * How far a member has come on its way to the target. Transitions, by heartbeats only: STABLE ->
 * UNREVOKED_PARTITIONS when it has to give partitions up; from there, once it has, and from STABLE
 * -> UNRELEASED_PARTITIONS while others still hold what it is to get; -> STABLE at the target's
 * epoch. The ids are those of Kafka's records.
 */
public enum MemberState {
  STABLE(0),
  UNREVOKED_PARTITIONS(1),
  UNRELEASED_PARTITIONS(2),
  /** Of a record by a newer broker. */
  UNKNOWN(127);

  private final byte id;

  MemberState(int id) {
    this.id = (byte) id;
  }

  byte id() {
    return id;
  }

  static MemberState of(byte id) {
    for (MemberState state : values()) {
      if (state.id == id) {
        return state;
      }
    }
    return UNKNOWN;
  }
}
