package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import java.nio.ByteBuffer;
import org.apache.kafka.common.Uuid;

/** Reads the fields of stored formats; never past the end, and says which object is corrupt. */
final class ByteCursor {
  private final String name;
  private final ByteBuffer in;

  ByteCursor(String name, ByteBuffer in) {
    this.name = name;
    this.in = in;
  }

  int u8() {
    need(1);
    return Byte.toUnsignedInt(in.get());
  }

  short i16() {
    need(2);
    return in.getShort();
  }

  int i32() {
    need(4);
    return in.getInt();
  }

  long i64() {
    need(8);
    return in.getLong();
  }

  PartitionId partition() {
    return new PartitionId(new Uuid(i64(), i64()), i32());
  }

  /** Unsigned, seven bits per byte, lowest first; only the shortest form is valid. */
  long varlong() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = u8();
      long bits = next & 0x7f;
      if (shift == 63 && bits > 1) {
        throw corrupt("an integer exceeds 64 bits");
      }
      value |= bits << shift;
      if (next < 0x80) {
        if (next == 0 && shift > 0) {
          throw corrupt("an integer is longer than need be");
        }
        return value;
      }
    }
    throw corrupt("an integer does not end");
  }

  long zigzag() {
    long raw = varlong();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** A number of elements of at least {@code elementBytes} each; checked before memory is taken. */
  int count(int elementBytes) {
    int count = i32();
    if (count < 0 || (long) count * elementBytes > in.remaining()) {
      throw corrupt("%d elements do not fit %d bytes".formatted(count, in.remaining()));
    }
    return count;
  }

  void end() {
    if (in.hasRemaining()) {
      throw corrupt(in.remaining() + " bytes too many");
    }
  }

  ObjectCorruptException corrupt(String why) {
    return new ObjectCorruptException("%s is corrupt: %s".formatted(name, why));
  }

  static int varlongBytes(long value) {
    return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
  }

  static void putVarlong(ByteBuffer out, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  static long toZigzag(long value) {
    return (value << 1) ^ (value >> 63);
  }

  static void putPartition(ByteBuffer out, PartitionId id) {
    out.putLong(id.topicId().getMostSignificantBits());
    out.putLong(id.topicId().getLeastSignificantBits());
    out.putInt(id.partition());
  }

  private void need(int bytes) {
    if (bytes > in.remaining()) {
      throw corrupt("%d bytes expected, %d left".formatted(bytes, in.remaining()));
    }
  }
}
