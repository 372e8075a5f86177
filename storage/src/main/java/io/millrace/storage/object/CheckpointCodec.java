package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.EpochStart;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** The bytes of checkpoint objects; docs/formats/checkpoint.md. */
final class CheckpointCodec {
  /** "MCHK". */
  static final int MAGIC = 0x4d43484b;

  static final int VERSION = 1;
  static final int HEADER_BYTES = 4 + 2 + 2 + 4;
  static final int TRAILER_BYTES = 4;
  private static final int PARTITION_BYTES = 20 + 8 + 4 + 4;

  private CheckpointCodec() {}

  /** Bytes a partition takes in a checkpoint. */
  static long bytes(PartitionCheckpoint p) {
    return PARTITION_BYTES
        + (long) p.epochs().size() * FooterCodec.EPOCH_BYTES
        + p.producers().stream().mapToLong(ProducerCodec::bytes).sum();
  }

  /** The whole object, ready to read; its last four bytes are the CRC32C of the rest. */
  static ByteBuffer encode(List<PartitionCheckpoint> partitions) {
    long size =
        HEADER_BYTES + TRAILER_BYTES + partitions.stream().mapToLong(CheckpointCodec::bytes).sum();
    ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(size));
    out.putInt(MAGIC);
    out.putShort((short) VERSION);
    out.putShort((short) 0);
    out.putInt(partitions.size());
    for (PartitionCheckpoint p : partitions) {
      ByteCursor.putPartition(out, p.partition());
      out.putLong(p.end());
      out.putInt(p.epochs().size());
      out.putInt(p.producers().size());
      for (EpochStart e : p.epochs()) {
        out.putInt(e.leaderEpoch());
        out.putLong(e.startOffset());
      }
      p.producers().forEach(producer -> ProducerCodec.put(out, producer));
    }
    CRC32C crc = new CRC32C();
    crc.update(out.array(), 0, out.position());
    out.putInt((int) crc.getValue());
    return out.flip();
  }

  /** The CRC at the end of an encoded checkpoint. */
  static int crc(ByteBuffer encoded) {
    return encoded.getInt(encoded.limit() - TRAILER_BYTES);
  }

  /**
   * Ascending by partition.
   *
   * @throws ObjectCorruptException if it is not a whole checkpoint
   */
  static List<PartitionCheckpoint> decode(String name, ByteBuffer body) {
    ByteBuffer b = body.slice();
    int end = b.limit() - TRAILER_BYTES;
    if (end < HEADER_BYTES) {
      throw new ObjectCorruptException(
          "%s is corrupt: a checkpoint of %d bytes".formatted(name, b.limit()));
    }
    CRC32C crc = new CRC32C();
    crc.update(b.slice(0, end));
    int stored = b.getInt(end);
    ByteCursor in = new ByteCursor(name, b.limit(end));
    if ((int) crc.getValue() != stored) {
      throw in.corrupt("its CRC32C is wrong");
    }
    int magic = in.i32();
    int version = in.i16();
    int flags = in.i16();
    if (magic != MAGIC || version != VERSION || flags != 0) {
      throw in.corrupt("magic %08x, version %d, flags %x".formatted(magic, version, flags));
    }
    int count = in.count(PARTITION_BYTES);
    List<PartitionCheckpoint> partitions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      PartitionCheckpoint next = readPartition(in);
      if (i > 0 && partitions.get(i - 1).partition().compareTo(next.partition()) >= 0) {
        throw in.corrupt("partition %s is out of order".formatted(next.partition()));
      }
      partitions.add(next);
    }
    in.end();
    return List.copyOf(partitions);
  }

  private static PartitionCheckpoint readPartition(ByteCursor in) {
    PartitionId id = in.partition();
    long end = in.i64();
    int epochCount = in.count(FooterCodec.EPOCH_BYTES);
    int producerCount = in.count(ProducerCodec.PRODUCER_BYTES);
    List<EpochStart> epochs = new ArrayList<>(epochCount);
    for (int i = 0; i < epochCount; i++) {
      epochs.add(new EpochStart(in.i32(), in.i64()));
    }
    List<ProducerSnapshot> producers = new ArrayList<>(producerCount);
    for (int i = 0; i < producerCount; i++) {
      producers.add(ProducerCodec.read(in));
    }
    return new PartitionCheckpoint(id, end, List.copyOf(epochs), List.copyOf(producers));
  }
}
