package io.millrace.simulation;

import io.millrace.simulation.Ledger.Durability;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the clients of one partition were told. Everything in it must stay true for ever: an offset
 * has one content, what was acknowledged or read is durable, and the high watermark never retreats
 * (I1, I2, I3, A1-A4, A6, A11).
 */
final class PartitionLedger {
  private final PartitionId id;
  private final TreeMap<Long, RecordedBatch> known = new TreeMap<>();
  private final Map<String, SentBatch> sent = new HashMap<>();
  private final Map<WriterId, Long> toldBy = new HashMap<>();
  private final boolean oneBroker;
  private final Durability durability;
  private long end;
  private long logStart;
  private long logStartMax;
  private boolean damaged;
  private int corruptAnswers;
  private boolean deleting;
  private boolean deleted;

  PartitionLedger(PartitionId id, boolean oneBroker, Durability durability) {
    this.id = id;
    this.oneBroker = oneBroker;
    this.durability = durability;
  }

  PartitionId id() {
    return id;
  }

  /** No answer below this was ever given as the end, and everything below it is readable. */
  long end() {
    return end;
  }

  /** No lower answer is right as the end of this epoch. */
  long endOfEpoch(int leaderEpoch) {
    return Math.min(end, durability.endOfEpoch(id, leaderEpoch));
  }

  boolean oneBroker() {
    return oneBroker;
  }

  /** Whether something that holds a part of it is damaged in the store. */
  void damaged(boolean isDamaged) {
    damaged = isDamaged;
  }

  /** Somebody is told that it is damaged. */
  void toldCorrupt(long offset, WriterId by) {
    if (!oneBroker && !damaged) {
      throw new Violation(
          "I8: %s at %d is called corrupt by %s; no bucket loses a bit".formatted(id, offset, by));
    }
    corruptAnswers++;
  }

  int corruptAnswers() {
    return corruptAnswers;
  }

  /** No answer below this is right as its start. */
  long logStart() {
    return logStart;
  }

  /** Nobody has asked for its start to move further than this. */
  long logStartMax() {
    return logStartMax;
  }

  /** Its start was asked to move, and may. */
  void movingLogStart(long to) {
    logStartMax = Math.max(logStartMax, to);
  }

  /** Its start has moved. */
  void movedLogStart(long to) {
    logStart = Math.max(logStart, to);
  }

  void toldLogStart(long told, long logStartAtRequest) {
    if (told > logStartMax || (oneBroker && told < logStartAtRequest)) {
      throw new Violation(
          "I9: %s is told to begin at %d; it began at %d and was asked to move to %d"
              .formatted(id, told, logStartAtRequest, logStartMax));
    }
  }

  /** Highest high watermark that an incarnation told, 0 if none. */
  long toldBy(BrokerProcess process) {
    return toldBy.getOrDefault(process.writer(), 0L);
  }

  /** Whether a request sent now to this broker must find nothing. */
  boolean isGoneAt(BrokerProcess process) {
    return deleted && (oneBroker || process.image().topic(id.topicId()) == null);
  }

  int batches() {
    return known.size();
  }

  /** From here on clients may find it gone. */
  void deleting() {
    deleting = true;
  }

  /** From here on nobody may find it. */
  void deleted() {
    deleting = true;
    deleted = true;
  }

  boolean isDeleting() {
    return deleting;
  }

  boolean isDeleted() {
    return deleted;
  }

  void sending(SentBatch batch) {
    sent.put(batch.name, batch);
  }

  void acknowledged(SentBatch batch, long baseOffset, boolean sentAfterDelete, BrokerProcess by) {
    if (sentAfterDelete) {
      throw new Violation("A10/I10: " + id + " took " + batch.name + " after its topic was gone");
    }
    if (baseOffset < 0) {
      throw new Violation("A11: " + batch.name + " acknowledged at " + baseOffset + " of " + id);
    }
    if (batch.idempotent && batch.acknowledgedAt() >= 0 && batch.acknowledgedAt() != baseOffset) {
      throw new Violation(
          "A3: %s of %s acknowledged at %d and at %d"
              .formatted(batch.name, id, batch.acknowledgedAt(), baseOffset));
    }
    batch.acknowledgedAt(baseOffset);
    RecordedBatch recorded = RecordedBatch.of(batch.name, batch.bytes, baseOffset);
    learn(recorded, "acknowledged");
    durability.check(id, recorded, Durability.ACKNOWLEDGED, by.writer());
    end = Math.max(end, recorded.lastOffset() + 1);
  }

  /** The end as an answer told it to a request sent when it was known to be {@code atLeast}. */
  void toldHighWatermark(long highWatermark, long atLeast, String how, BrokerProcess by) {
    if (highWatermark < atLeast) {
      throw new Violation(
          "I2/I12: %s of %s told high watermark %d of %s after %d was known"
              .formatted(how, by.writer(), highWatermark, id, atLeast));
    }
    durability.checkEnd(id, highWatermark, how, by.writer());
    toldBy.merge(by.writer(), highWatermark, Math::max);
    end = Math.max(end, highWatermark);
  }

  /** Batches a fetch of {@code offset} returned, in its order. */
  void read(List<RecordedBatch> batches, long offset, long highWatermark, BrokerProcess by) {
    long expected = -1;
    for (RecordedBatch batch : batches) {
      if (expected < 0
          ? batch.baseOffset() > offset || batch.lastOffset() < offset
          : batch.baseOffset() != expected) {
        throw new Violation(
            "A12/I3: a fetch of %s at %d returned %s where %d was due"
                .formatted(id, offset, batch, expected < 0 ? offset : expected));
      }
      if (batch.lastOffset() >= highWatermark) {
        throw new Violation(
            "I2: a fetch of %s returned %s above high watermark %d"
                .formatted(id, batch, highWatermark));
      }
      expected = batch.lastOffset() + 1;
      if (!batch.isMarker()) {
        checkSent(batch);
      }
      learn(batch, "read");
      durability.check(id, batch, Durability.READ, by.writer());
    }
  }

  /** All of the partition from {@code start}, read to its end after a restart. */
  void readWhole(List<RecordedBatch> batches, long start, long highWatermark) {
    TreeMap<Long, RecordedBatch> found = new TreeMap<>();
    Map<String, Integer> copies = new HashMap<>();
    Map<String, Integer> lastNumbers = new HashMap<>();
    batches.forEach(batch -> found.put(batch.baseOffset(), batch));
    for (RecordedBatch batch : known.values()) {
      if (batch.baseOffset() >= start && !batch.equals(found.get(batch.baseOffset()))) {
        throw new Violation(
            "I1/A1: %s of %s is lost; at its place is %s"
                .formatted(batch, id, found.get(batch.baseOffset())));
      }
    }
    for (RecordedBatch batch : found.values()) {
      if (batch.isMarker()) {
        continue;
      }
      SentBatch of = checkSent(batch);
      int count = copies.merge(batch.name(), 1, Integer::sum);
      if (count > of.copiesMax()) {
        throw new Violation("A3: %s lies %d times in %s".formatted(batch, count, id));
      }
      if (of.idempotent) {
        String producer = batch.name().substring(0, batch.name().lastIndexOf('-'));
        Integer before = lastNumbers.put(producer, of.number);
        boolean follows = before == null ? start > 0 || of.number == 0 : of.number == before + 1;
        if (!follows) {
          throw new Violation("A4: %s of %s follows number %s".formatted(batch, id, before));
        }
      }
    }
    for (SentBatch batch : sent.values()) {
      RecordedBatch bytes = RecordedBatch.of(batch.name, batch.bytes, -1);
      batch.refusedBy().forEach(writer -> durability.checkAbsent(id, bytes, writer));
    }
    if (highWatermark < end) {
      throw new Violation(
          "A1: %s ends at %d and was known to reach %d".formatted(id, highWatermark, end));
    }
    end = highWatermark;
  }

  SentBatch checkSent(RecordedBatch batch) {
    SentBatch of = sent.get(batch.name());
    if (of == null || !batch.equals(RecordedBatch.of(batch.name(), of.bytes, batch.baseOffset()))) {
      throw new Violation("I3: nobody sent " + batch + " to " + id);
    }
    return of;
  }

  private void learn(RecordedBatch batch, String how) {
    Map.@Nullable Entry<Long, RecordedBatch> near = known.floorEntry(batch.lastOffset());
    if (near == null || near.getValue().lastOffset() < batch.baseOffset()) {
      known.put(batch.baseOffset(), batch);
    } else if (!near.getValue().equals(batch)) {
      throw new Violation(
          "I3/A2: %s of %s %s where %s was".formatted(batch, id, how, near.getValue()));
    }
  }
}
