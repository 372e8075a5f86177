package io.millrace.coordinator.group.offset;

import io.millrace.coordinator.RecordDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteUtils;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordType;
import org.jspecify.annotations.Nullable;

/**
 * Decodes committed offsets, which are nearly all that a partition of __consumer_offsets holds, by
 * themselves: a million of them name few groups and topics, whose strings are made once. Other
 * records, also offsets in versions that are not written any more, go to another decoder. Source of
 * the layout: OffsetCommitKey and OffsetCommitValue among the schemas Kafka publishes with its
 * group coordinator.
 */
final class OffsetDecoder implements RecordDecoder {
  private static final short KEY_TYPE = CoordinatorRecordType.OFFSET_COMMIT.id();

  /** A power of two; slots that meet in a place take turns, which costs time only. */
  private static final int PLACES = 1 << 12;

  private static final int TOPIC_ID_TAG = 0;

  private final OffsetStore store;
  private final RecordDecoder others;
  private final Known[] known = new Known[PLACES];
  private byte[] groupBytes = {};
  private String group = "";

  OffsetDecoder(OffsetStore store, RecordDecoder others) {
    this.store = store;
    this.others = others;
  }

  /** A slot by the bytes of its topic and partition, and the id its topic had last. */
  private static final class Known {
    final byte[] bytes;
    final Slot slot;
    Uuid topicId = Uuid.ZERO_UUID;

    Known(byte[] bytes, Slot slot) {
      this.bytes = bytes;
      this.slot = slot;
    }
  }

  @Override
  public @Nullable Runnable decode(RecordBatch batch, Record record) {
    ByteBuffer key = record.key();
    ByteBuffer value = record.value();
    boolean tombstone = value == null;
    if (key.getShort(key.position()) != KEY_TYPE
        || (!tombstone && value.getShort(value.position()) != OffsetRecords.VERSION)) {
      return others.decode(batch, record);
    }
    key.getShort();
    String ofGroup = group(key);
    Known of = known(key);
    long producerId = batch.isTransactional() ? batch.producerId() : RecordBatch.NO_PRODUCER_ID;
    if (tombstone) {
      return producerId == RecordBatch.NO_PRODUCER_ID
          ? () -> store.remove(ofGroup, of.slot)
          : null; // tombstones are never part of a transaction
    }
    return read(value, ofGroup, of, producerId);
  }

  private String group(ByteBuffer key) {
    int length = key.getShort();
    if (!isNext(key, groupBytes, length)) {
      groupBytes = new byte[length];
      key.get(key.position(), groupBytes);
      group = new String(groupBytes, StandardCharsets.UTF_8);
    }
    key.position(key.position() + length);
    return group;
  }

  /** Of the rest of the key: a topic and a partition. */
  private Known known(ByteBuffer key) {
    int length = key.remaining();
    int hash = 0;
    for (int i = key.position(); i < key.limit(); i++) {
      hash = 31 * hash + key.get(i);
    }
    int place = (hash ^ (hash >>> 16)) & (PLACES - 1);
    Known there = known[place];
    if (there != null && isNext(key, there.bytes, length)) {
      return there;
    }
    byte[] bytes = new byte[length];
    key.get(key.position(), bytes);
    byte[] topic = new byte[key.getShort()];
    key.get(topic);
    Known fresh =
        new Known(bytes, new Slot(new String(topic, StandardCharsets.UTF_8), key.getInt()));
    known[place] = fresh;
    return fresh;
  }

  private static boolean isNext(ByteBuffer buffer, byte[] bytes, int length) {
    int from = buffer.arrayOffset() + buffer.position();
    return bytes.length == length
        && buffer.remaining() >= length
        && Arrays.equals(bytes, 0, length, buffer.array(), from, from + length);
  }

  private Replay read(ByteBuffer value, String ofGroup, Known of, long producerId) {
    value.getShort();
    long offset = value.getLong();
    int leaderEpoch = value.getInt();
    int metadataLength = ByteUtils.readUnsignedVarint(value) - 1;
    String metadata = "";
    if (metadataLength > 0) {
      byte[] bytes = new byte[metadataLength];
      value.get(bytes);
      metadata = new String(bytes, StandardCharsets.UTF_8);
    }
    long commitTimestampMs = value.getLong();
    Uuid topicId = Uuid.ZERO_UUID;
    for (int tags = ByteUtils.readUnsignedVarint(value); tags > 0; tags--) {
      int tag = ByteUtils.readUnsignedVarint(value);
      int size = ByteUtils.readUnsignedVarint(value);
      if (tag == TOPIC_ID_TAG) {
        topicId = topicId(of, value.getLong(), value.getLong());
      } else {
        value.position(value.position() + size);
      }
    }
    return new Replay(
        store,
        ofGroup,
        of.slot,
        topicId,
        offset,
        leaderEpoch,
        metadata,
        commitTimestampMs,
        producerId);
  }

  private static Uuid topicId(Known of, long high, long low) {
    if (of.topicId.getMostSignificantBits() != high
        || of.topicId.getLeastSignificantBits() != low) {
      of.topicId = new Uuid(high, low);
    }
    return of.topicId;
  }

  /** Its place among commits is known when it is replayed. */
  private record Replay(
      OffsetStore store,
      String group,
      Slot slot,
      Uuid topicId,
      long offset,
      int leaderEpoch,
      String metadata,
      long commitTimestampMs,
      long producerId)
      implements Runnable {
    @Override
    public void run() {
      Committed committed =
          new Committed(
              topicId, offset, leaderEpoch, metadata, commitTimestampMs, -1, store.nextSequence());
      if (producerId == RecordBatch.NO_PRODUCER_ID) {
        store.put(group, slot, committed);
      } else {
        store.putPending(producerId, group, slot, committed);
      }
    }
  }
}
