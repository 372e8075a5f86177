package io.millrace.protocol;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Writable;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.ByteUtils;

/** Writes a message into segments of memory, with records between them as they are. */
final class GatheringWriter implements Writable {
  private static final int FIRST_SEGMENT_BYTES = 512;
  private static final int SEGMENT_BYTES_MAX = 64 << 10;
  private static final int VARLONG_BYTES_MAX = 10;

  private final int announcedBytes;
  private final List<ByteBuffer> buffers = new ArrayList<>(4);
  private final List<RecordSlices> lent = new ArrayList<>(0);
  private int nextSegmentBytes = FIRST_SEGMENT_BYTES;
  private int finishedBytes;
  private ByteBuffer segment;

  GatheringWriter(int announcedBytes) {
    this.announcedBytes = announcedBytes;
    this.segment = ByteBuffer.allocate(Math.min(announcedBytes, FIRST_SEGMENT_BYTES));
  }

  EncodedResponse finish() {
    sealSegment();
    if (finishedBytes != announcedBytes) {
      throw new IllegalStateException(
          "the message announced " + announcedBytes + " bytes and wrote " + finishedBytes);
    }
    return new EncodedResponse(buffers, announcedBytes, lent);
  }

  List<RecordSlices> lent() {
    return lent;
  }

  /** What is written so far stands; the rest of the segment serves what follows. */
  private void sealSegment() {
    if (segment.position() > 0) {
      ByteBuffer rest = segment.slice();
      add(segment.flip());
      segment = rest;
    }
  }

  private void add(ByteBuffer bytes) {
    if (bytes.hasRemaining()) {
      finishedBytes += bytes.remaining();
      buffers.add(bytes);
    }
  }

  private ByteBuffer room(int bytes) {
    if (segment.remaining() < bytes) {
      sealSegment();
      nextSegmentBytes = Math.min(nextSegmentBytes * 2, SEGMENT_BYTES_MAX);
      segment = ByteBuffer.allocate(Math.max(bytes, nextSegmentBytes));
    }
    return segment;
  }

  @Override
  public void writeByte(byte value) {
    room(Byte.BYTES).put(value);
  }

  @Override
  public void writeShort(short value) {
    room(Short.BYTES).putShort(value);
  }

  @Override
  public void writeInt(int value) {
    room(Integer.BYTES).putInt(value);
  }

  @Override
  public void writeLong(long value) {
    room(Long.BYTES).putLong(value);
  }

  @Override
  public void writeDouble(double value) {
    room(Double.BYTES).putDouble(value);
  }

  @Override
  public void writeByteArray(byte[] value) {
    room(value.length).put(value);
  }

  @Override
  public void writeUnsignedVarint(int value) {
    ByteUtils.writeUnsignedVarint(value, room(VARLONG_BYTES_MAX));
  }

  @Override
  public void writeByteBuffer(ByteBuffer value) {
    room(value.remaining()).put(value.duplicate());
  }

  @Override
  public void writeVarint(int value) {
    ByteUtils.writeVarint(value, room(VARLONG_BYTES_MAX));
  }

  @Override
  public void writeVarlong(long value) {
    ByteUtils.writeVarlong(value, room(VARLONG_BYTES_MAX));
  }

  @Override
  public void writeRecords(BaseRecords records) {
    sealSegment();
    switch (records) {
      case RecordSlices slices -> {
        lent.add(slices);
        slices.buffers().forEach(b -> add(b.duplicate()));
      }
      case MemoryRecords memory -> add(memory.buffer());
      default -> throw new IllegalArgumentException("records of " + records.getClass());
    }
  }
}
