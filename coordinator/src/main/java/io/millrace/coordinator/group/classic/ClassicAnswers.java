package io.millrace.coordinator.group.classic;

import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;

/** The answers of join and sync. */
public final class ClassicAnswers {
  private ClassicAnswers() {}

  public static JoinGroupResponseData joinError(String memberId, Errors error) {
    return new JoinGroupResponseData()
        .setErrorCode(error.code())
        .setMemberId(memberId)
        .setGenerationId(-1)
        .setProtocolType(null)
        .setProtocolName(null)
        .setLeader("");
  }

  /** What the member learns of the generation; the leader learns of all members. */
  static JoinGroupResponseData joined(
      ClassicGroup group, ClassicMember member, boolean skipAssignment) {
    JoinGroupResponseData data =
        new JoinGroupResponseData()
            .setErrorCode(Errors.NONE.code())
            .setGenerationId(group.generation())
            .setProtocolType(group.protocolType())
            .setProtocolName(group.protocolName())
            .setLeader(group.leaderId() == null ? "" : group.leaderId())
            .setMemberId(member.memberId())
            .setSkipAssignment(skipAssignment);
    if (group.isLeader(member.memberId())) {
      for (ClassicMember each : group.members()) {
        data.members()
            .add(
                new JoinGroupResponseData.JoinGroupResponseMember()
                    .setMemberId(each.memberId())
                    .setGroupInstanceId(each.groupInstanceId())
                    .setMetadata(each.metadata(group.protocolName())));
      }
    }
    return data;
  }

  public static SyncGroupResponseData syncError(Errors error) {
    return new SyncGroupResponseData()
        .setErrorCode(error.code())
        .setAssignment(ClassicMember.NO_BYTES);
  }

  static SyncGroupResponseData synced(ClassicGroup group, ClassicMember member) {
    return new SyncGroupResponseData()
        .setErrorCode(Errors.NONE.code())
        .setProtocolType(group.protocolType())
        .setProtocolName(group.protocolName())
        .setAssignment(member.assignment());
  }
}
