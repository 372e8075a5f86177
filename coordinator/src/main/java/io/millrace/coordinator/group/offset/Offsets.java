package io.millrace.coordinator.group.offset;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.RecordDecoder;
import io.millrace.runtime.Clock;
import io.millrace.storage.log.VerificationGuard;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.jspecify.annotations.Nullable;

/**
 * Commits and fetches offsets of the groups of one partition of __consumer_offsets. Whether the
 * caller may is decided before. Owned by its shard's loop.
 */
public final class Offsets {
  private final int metadataBytesMax;
  private final Clock clock;
  private final OffsetStore store;

  /**
   * @param metadataBytesMax longest metadata of a commit
   */
  public Offsets(int metadataBytesMax, Clock clock) {
    this.metadataBytesMax = metadataBytesMax;
    this.clock = clock;
    this.store = new OffsetStore();
  }

  OffsetStore store() {
    return store;
  }

  /** Of committed offsets, for one load. */
  public RecordDecoder decoder(RecordDecoder others) {
    return new OffsetDecoder(store, others);
  }

  public void replay(OffsetCommitKey key, @Nullable OffsetCommitValue value) {
    store.replay(key, value);
  }

  /** A record of a transaction. Tombstones are never part of one. */
  public void replayPending(
      long producerId, OffsetCommitKey key, @Nullable OffsetCommitValue value) {
    if (value != null) {
      store.replayPending(producerId, key, value);
    }
  }

  /** The end of a producer's transaction. */
  public void replayMarker(long producerId, boolean commit) {
    store.replayMarker(producerId, commit);
  }

  /** Commits what {@code check} lets pass; answers one error per commit, in order. */
  public void commit(
      String groupId,
      List<OffsetCommit> commits,
      OffsetCommit.Check check,
      Outbox out,
      CompletableFuture<List<Errors>> reply) {
    List<Errors> answers = new ArrayList<>();
    for (OffsetCommit commit : commits) {
      Errors error = check(commit, check);
      if (error == Errors.NONE) {
        CoordinatorRecord record = record(groupId, commit);
        out.write(record);
        store.replay((OffsetCommitKey) record.key(), (OffsetCommitValue) record.value());
      }
      answers.add(error);
    }
    out.reply(reply, answers);
  }

  /**
   * Commits as part of a producer's open transaction. The log may refuse the producer, and then
   * nothing was written.
   */
  public void commitInTransaction(
      String groupId,
      long producerId,
      short producerEpoch,
      VerificationGuard guard,
      List<OffsetCommit> commits,
      OffsetCommit.Check check,
      Outbox out,
      CompletableFuture<List<Errors>> reply) {
    List<Errors> answers = commits.stream().map(commit -> check(commit, check)).toList();
    List<CoordinatorRecord> records = new ArrayList<>();
    for (int i = 0; i < commits.size(); i++) {
      if (answers.get(i) == Errors.NONE) {
        records.add(record(groupId, commits.get(i)));
      }
    }
    if (records.isEmpty()) {
      out.reply(reply, answers);
      return;
    }
    long sequence = store.onHandOver(records);
    out.writeTransaction(
        producerId,
        producerEpoch,
        guard,
        records,
        refusal -> {
          if (refusal == null) {
            store.onTaken(sequence, producerId);
            reply.complete(answers);
          } else {
            store.onRefused(sequence);
            reply.complete(refused(answers, refusal));
          }
        });
  }

  private static List<Errors> refused(List<Errors> answers, ApiException refusal) {
    Errors error = Errors.forException(refusal);
    return answers.stream().map(each -> each == Errors.NONE ? error : each).toList();
  }

  private Errors check(OffsetCommit commit, OffsetCommit.Check check) {
    Errors error = check.of(commit);
    String metadata = commit.metadata();
    return error == Errors.NONE && metadata != null && Utils.utf8Length(metadata) > metadataBytesMax
        ? Errors.OFFSET_METADATA_TOO_LARGE
        : error;
  }

  private CoordinatorRecord record(String groupId, OffsetCommit commit) {
    String metadata = commit.metadata();
    return OffsetRecords.committed(
        groupId,
        new Slot(commit.topic(), commit.partition()),
        new Committed(
            commit.topicId(),
            commit.offset(),
            commit.leaderEpoch(),
            metadata == null ? "" : metadata,
            clock.wallMs(),
            -1,
            0));
  }

  /**
   * A partition asked for.
   *
   * @param topicId the topic's present id, ZERO_UUID if there is none
   */
  public record Wanted(String topic, Uuid topicId, int partition) {}

  /** What is committed for {@code wanted}, in order. */
  public List<FetchedOffset> fetch(String groupId, List<Wanted> wanted, boolean requireStable) {
    List<FetchedOffset> found = new ArrayList<>();
    for (Wanted each : wanted) {
      Slot slot = new Slot(each.topic(), each.partition());
      Committed committed = store.get(groupId, slot);
      if (requireStable && store.isPending(groupId, slot)) {
        found.add(new FetchedOffset.Unstable(each.topic(), each.topicId(), each.partition()));
      } else if (committed == null || !committed.isOf(each.topicId())) {
        found.add(new FetchedOffset.Absent(each.topic(), each.partition()));
      } else {
        found.add(found(slot, committed));
      }
    }
    return found;
  }

  /** Everything the group has committed. */
  public List<FetchedOffset> fetchAll(String groupId, boolean requireStable) {
    List<FetchedOffset> found = new ArrayList<>();
    store
        .of(groupId)
        .forEach((slot, committed) ->
            found.add(
                requireStable && store.isPending(groupId, slot)
                    ? new FetchedOffset.Unstable(
                        slot.topic(), committed.topicId(), slot.partition())
                    : found(slot, committed)));
    return found;
  }

  private static FetchedOffset found(Slot slot, Committed committed) {
    return new FetchedOffset.Found(
        slot.topic(),
        committed.topicId(),
        slot.partition(),
        committed.offset(),
        committed.leaderEpoch(),
        committed.metadata());
  }

  /** Groups with committed offsets. */
  public Collection<String> groupIds() {
    return store.groupIds();
  }

  public boolean has(String groupId) {
    return store.has(groupId);
  }

  /** Whether nothing is committed, nor may be by a transaction that is open. */
  public boolean isEmpty(String groupId) {
    return !store.has(groupId) && !store.isPending(groupId);
  }
}
