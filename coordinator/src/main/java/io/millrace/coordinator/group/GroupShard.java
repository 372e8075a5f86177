package io.millrace.coordinator.group;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.RecordDecoder;
import io.millrace.coordinator.RecordTypes;
import io.millrace.coordinator.Shard;
import io.millrace.coordinator.group.classic.ClassicAnswers;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicGroups;
import io.millrace.coordinator.group.consumer.ConsumerGroup;
import io.millrace.coordinator.group.consumer.ConsumerGroups;
import io.millrace.coordinator.group.consumer.ConsumerSettings;
import io.millrace.coordinator.group.consumer.Refusal;
import io.millrace.coordinator.group.offset.FetchedOffset;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.coordinator.group.offset.OffsetRemoval;
import io.millrace.coordinator.group.offset.Offsets;
import io.millrace.runtime.Clock;
import io.millrace.runtime.Randomness;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.VerificationGuard;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.jspecify.annotations.Nullable;

/**
 * The groups and offsets of one partition of __consumer_offsets: hands each request to the part
 * that the group belongs to. Owned by its shard loop. What is in the log changes by records only; a
 * classic group's membership between generations is soft.
 */
public final class GroupShard implements Shard {
  private static final String EXPIRY_TIMER = "offsets-expiry";
  private static final String SWEEP_TIMER = "offsets-sweep";

  private final GroupSettings settings;
  private final PartitionLog log;
  private final ClassicGroups classic;
  private final ConsumerGroups consumer;
  private final Migration migration;
  private final MemberIds memberIds;
  private final Offsets offsets;
  private final GroupRemoval groupRemoval;
  private final GroupViews views;

  /**
   * @param ofGroup settings in force for a group of the consumer protocol
   * @param image of the metadata, at present
   */
  public GroupShard(
      GroupSettings settings,
      Function<String, ConsumerSettings.OfGroup> ofGroup,
      PartitionLog log,
      Clock clock,
      Randomness randomness,
      Supplier<MetadataImage> image) {
    this.settings = settings;
    this.log = log;
    this.memberIds = new MemberIds(randomness);
    this.classic = new ClassicGroups(settings.classic(), clock, memberIds);
    this.migration =
        new Migration(classic, settings.classic().membersMax(), settings.consumer(), clock, image);
    this.consumer =
        new ConsumerGroups(
            settings.consumer(), ofGroup, this::tryDowngrade, clock, memberIds, image);
    this.offsets = new Offsets(settings.offsetMetadataBytesMax(), clock);
    OffsetRemoval removal = new OffsetRemoval(offsets, settings.offsetsRetentionMs());
    this.groupRemoval = new GroupRemoval(classic, consumer, offsets, removal, clock, image);
    this.views = new GroupViews(classic, consumer, offsets);
  }

  private boolean tryDowngrade(ConsumerGroup group, boolean rebalance, Outbox out) {
    return migration.tryDowngrade(group, rebalance, consumer, out);
  }

  @Override
  public RecordTypes recordTypes() {
    return GroupRecordTypes.ALL;
  }

  @Override
  public RecordDecoder decoder() {
    return offsets.decoder(Shard.super.decoder());
  }

  @Override
  public void replay(CoordinatorRecord record) {
    if (record.key() instanceof OffsetCommitKey key) {
      offsets.replay(key, (OffsetCommitValue) record.value());
    } else if (record.key() instanceof GroupMetadataKey key) {
      classic.replay(key.group(), (GroupMetadataValue) record.value());
    } else {
      consumer.replay(record);
    }
  }

  @Override
  public void replay(long producerId, short producerEpoch, CoordinatorRecord record) {
    if (record.key() instanceof OffsetCommitKey key) {
      offsets.replayPending(producerId, key, (OffsetCommitValue) record.value());
    }
  }

  @Override
  public void replayMarker(long producerId, short producerEpoch, boolean committed) {
    offsets.replayMarker(producerId, committed);
  }

  @Override
  public void onLoaded(Outbox out) {
    classic.onLoaded(out);
    consumer.onLoaded(out);
    expireLater(out);
  }

  private void expireLater(Outbox out) {
    out.timer(
        EXPIRY_TIMER,
        settings.offsetsRetentionCheckMs(),
        later -> {
          groupRemoval.beginExpiry();
          sweep(later);
          expireLater(later);
        });
  }

  private void sweep(Outbox out) {
    if (groupRemoval.step(out)) {
      out.timer(SWEEP_TIMER, 0, this::sweep);
    }
  }

  public void join(
      GroupCaller caller,
      JoinGroupRequestData request,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    Errors error = classic.check(caller, request);
    ConsumerGroup group = consumer.get(request.groupId());
    if (error != Errors.NONE) {
      out.reply(reply, ClassicAnswers.joinError(request.memberId(), error));
    } else if (group != null && !group.isEmpty()) {
      consumer.join(group, caller, request, out, reply);
    } else {
      if (group != null && request.memberId().isEmpty()) {
        // its members are gone, and with the next one it begins anew
        consumer.remove(group, out);
      }
      classic.join(caller, request, out, reply);
    }
  }

  public void sync(
      SyncGroupRequestData request, Outbox out, CompletableFuture<SyncGroupResponseData> reply) {
    ConsumerGroup group = consumer.get(request.groupId());
    if (group == null) {
      classic.sync(request, out, reply);
    } else {
      consumer.sync(group, request, out, reply);
    }
  }

  public void heartbeat(HeartbeatRequestData request, Outbox out, CompletableFuture<Errors> reply) {
    ConsumerGroup group = consumer.get(request.groupId());
    if (group == null) {
      classic.heartbeat(request, out, reply);
    } else {
      out.reply(reply, consumer.heartbeat(group, request, out));
    }
  }

  /** A heartbeat of the consumer protocol, which is also how its members join and leave. */
  public void heartbeat(
      GroupCaller caller,
      ConsumerGroupHeartbeatRequestData request,
      Outbox out,
      CompletableFuture<ConsumerGroupHeartbeatResponseData> reply) {
    boolean joins = ConsumerGroups.joins(request);
    if (joins && request.memberId().isEmpty() && caller.version() == 0) {
      // clients make up their own ids since version 1
      request.setMemberId(memberIds.next());
    }
    Refusal refusal = consumer.check(caller, request);
    ClassicGroup former = classic.get(request.groupId());
    if (refusal == null && former != null && joins) {
      refusal = migration.upgrade(former, consumer, out);
    }
    if (refusal == null) {
      consumer.heartbeat(caller, request, out, reply);
    } else {
      out.reply(reply, ConsumerGroups.refused(refusal));
    }
  }

  public void leave(
      String groupId,
      List<MemberIdentity> identities,
      Outbox out,
      CompletableFuture<List<MemberResponse>> reply) {
    ConsumerGroup group = consumer.get(groupId);
    List<Errors> errors =
        group == null
            ? identities.stream().map(each -> classic.leave(groupId, each, out)).toList()
            : consumer.leave(group, identities, out);
    List<MemberResponse> answers = new ArrayList<>();
    for (int i = 0; i < identities.size(); i++) {
      answers.add(
          new MemberResponse()
              .setMemberId(identities.get(i).memberId())
              .setGroupInstanceId(identities.get(i).groupInstanceId())
              .setErrorCode(errors.get(i).code()));
    }
    out.reply(reply, answers);
  }

  /** Commits; answers one error per commit, in order. */
  public void commit(
      String groupId,
      Committer committer,
      List<OffsetCommit> commits,
      Outbox out,
      CompletableFuture<List<Errors>> reply) {
    offsets.commit(groupId, commits, check(groupId, committer, false, out), out, reply);
  }

  /**
   * What a commit in a transaction needs; NONE if the transaction is known here to be open, any
   * other one if its coordinator has to be asked first.
   */
  public void beginVerification(
      long producerId,
      short producerEpoch,
      boolean epochBumps,
      Outbox out,
      CompletableFuture<VerificationGuard> reply) {
    out.reply(reply, log.beginVerification(producerId, producerEpoch, -1, epochBumps));
  }

  /** Commits as part of a producer's transaction, which is open and includes this partition. */
  public void commitInTransaction(
      String groupId,
      Committer committer,
      long producerId,
      short producerEpoch,
      VerificationGuard guard,
      List<OffsetCommit> commits,
      Outbox out,
      CompletableFuture<List<Errors>> reply) {
    offsets.commitInTransaction(
        groupId,
        producerId,
        producerEpoch,
        guard,
        commits,
        check(groupId, committer, true, out),
        out,
        reply);
  }

  private OffsetCommit.Check check(
      String groupId, Committer committer, boolean transactional, Outbox out) {
    ConsumerGroup present = consumer.get(groupId);
    if (present != null) {
      return consumer.checkCommit(
          present,
          committer.memberId(),
          committer.groupInstanceId(),
          committer.generation(),
          transactional,
          committer.version() >= Committer.MEMBER_EPOCHS_SINCE);
    }
    ClassicGroup group = classic.get(groupId);
    Errors error;
    if (group != null) {
      error =
          classic.checkCommit(
              group,
              committer.memberId(),
              committer.groupInstanceId(),
              committer.generation(),
              transactional,
              out);
    } else if (committer.generation() < 0) {
      // a group that only stores offsets need not exist
      error = Errors.NONE;
    } else {
      error =
          transactional || committer.version() < Committer.MEMBER_EPOCHS_SINCE
              ? Errors.ILLEGAL_GENERATION
              : Errors.GROUP_ID_NOT_FOUND;
    }
    return commit -> error;
  }

  /** The end of a transaction is in the log: its offsets count from now on, or never. */
  public void completeTransaction(
      long producerId, boolean committed, Outbox out, CompletableFuture<Boolean> reply) {
    offsets.replayMarker(producerId, committed);
    out.reply(reply, true);
  }

  /** What a fetch of offsets found; no offsets where there is an error. */
  public record Fetched(Errors error, List<FetchedOffset> offsets) {}

  /**
   * Fetches offsets.
   *
   * @param wanted null for all that are committed
   * @param memberId null or empty for one that is no member
   * @param memberEpoch -1 for one that is no member
   * @param requireStable whether offsets that an open transaction may change are not answered
   */
  public void fetch(
      String groupId,
      @Nullable String memberId,
      int memberEpoch,
      @Nullable List<Offsets.Wanted> wanted,
      boolean requireStable,
      Outbox out,
      CompletableFuture<Fetched> reply) {
    ConsumerGroup group = consumer.get(groupId);
    Errors error = group == null ? Errors.NONE : consumer.checkFetch(group, memberId, memberEpoch);
    if (error != Errors.NONE) {
      out.reply(reply, new Fetched(error, List.of()));
      return;
    }
    List<FetchedOffset> found =
        wanted == null
            ? offsets.fetchAll(groupId, requireStable)
            : offsets.fetch(groupId, wanted, requireStable);
    out.reply(reply, new Fetched(Errors.NONE, found));
  }

  public void list(Outbox out, CompletableFuture<List<ListedGroup>> reply) {
    out.reply(reply, views.list());
  }

  public void describe(String groupId, Outbox out, CompletableFuture<DescribedGroup> reply) {
    out.reply(reply, views.describeClassic(groupId));
  }

  /** Describes a group of the consumer protocol. */
  public void describeConsumer(
      String groupId,
      Outbox out,
      CompletableFuture<ConsumerGroupDescribeResponseData.DescribedGroup> reply) {
    out.reply(reply, views.describeConsumer(groupId));
  }

  /** For comparison with what its records say. */
  ConsumerGroups consumerGroups() {
    return consumer;
  }

  /** Deletes a group without members, and its offsets. */
  public void delete(String groupId, Outbox out, CompletableFuture<Errors> reply) {
    out.reply(reply, groupRemoval.delete(groupId, out));
  }

  /** A partition whose offset is to be deleted. */
  public record TopicSlot(String topic, int partition) {}

  /** An error for the whole request, or else one per partition, in order. */
  public record DeletedOffsets(Errors error, List<Errors> errors) {}

  /** Deletes offsets of topics that the group does not use. */
  public void deleteOffsets(
      String groupId, List<TopicSlot> slots, Outbox out, CompletableFuture<DeletedOffsets> reply) {
    out.reply(reply, groupRemoval.deleteOffsets(groupId, slots, out));
  }

  /** A topic is gone: its committed offsets go too. */
  public void topicDeleted(Outbox out) {
    groupRemoval.beginSweep();
    sweep(out);
  }
}
