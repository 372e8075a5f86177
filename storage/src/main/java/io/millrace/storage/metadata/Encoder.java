package io.millrace.storage.metadata;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;

/** Writes the big-endian fields of the metadata formats into a growing array. */
public final class Encoder {
  private byte[] bytes = new byte[256];
  private int size;

  public Encoder u16(int value) {
    if (value < 0 || value > 0xffff) {
      throw new IllegalArgumentException("does not fit 16 bits: " + value);
    }
    room(2);
    bytes[size++] = (byte) (value >>> 8);
    bytes[size++] = (byte) value;
    return this;
  }

  public Encoder i32(int value) {
    room(4);
    ByteBuffer.wrap(bytes).putInt(size, value);
    size += 4;
    return this;
  }

  public Encoder i64(long value) {
    room(8);
    ByteBuffer.wrap(bytes).putLong(size, value);
    size += 8;
    return this;
  }

  public Encoder flag(boolean value) {
    room(1);
    bytes[size++] = (byte) (value ? 1 : 0);
    return this;
  }

  /** 32-bit length in bytes, then UTF-8. */
  public Encoder text(String value) {
    return bytes(value.getBytes(StandardCharsets.UTF_8));
  }

  /** 32-bit length, then the bytes. */
  public Encoder bytes(byte[] value) {
    i32(value.length);
    return raw(value);
  }

  Encoder raw(byte[] value) {
    room(value.length);
    System.arraycopy(value, 0, bytes, size, value.length);
    size += value.length;
    return this;
  }

  public Encoder writer(WriterId id) {
    return i64(id.high()).i64(id.low());
  }

  Encoder uuid(Uuid id) {
    return i64(id.getMostSignificantBits()).i64(id.getLeastSignificantBits());
  }

  Encoder partition(PartitionId id) {
    return uuid(id.topicId()).i32(id.partition());
  }

  /** 32-bit count, then the elements. */
  public <T> Encoder list(Collection<T> values, Consumer<T> element) {
    i32(values.size());
    values.forEach(element);
    return this;
  }

  /** One byte 0 or 1, then the value if 1. */
  public <T> Encoder optional(Optional<T> value, Consumer<T> present) {
    flag(value.isPresent());
    value.ifPresent(present);
    return this;
  }

  Encoder ints(Collection<Integer> values) {
    return list(values, this::i32);
  }

  /** In the order of the map, which callers make a sorted one. */
  Encoder changes(Map<String, Optional<String>> values) {
    return list(values.entrySet(), e -> text(e.getKey()).optional(e.getValue(), this::text));
  }

  Encoder levels(Map<String, Short> values) {
    return list(values.entrySet(), e -> text(e.getKey()).u16(e.getValue()));
  }

  Encoder f64(double value) {
    return i64(Double.doubleToLongBits(value));
  }

  Encoder texts(Map<String, String> values) {
    return list(values.entrySet(), e -> text(e.getKey()).text(e.getValue()));
  }

  public int size() {
    return size;
  }

  byte[] toArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** Everything so far, followed by its CRC32C. */
  public byte[] withCrc() {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, size);
    i32((int) crc.getValue());
    return toArray();
  }

  private void room(int more) {
    int needed = Math.addExact(size, more);
    if (needed > bytes.length) {
      int doubled = bytes.length > Integer.MAX_VALUE / 2 ? Integer.MAX_VALUE - 8 : bytes.length * 2;
      bytes = Arrays.copyOf(bytes, Math.max(needed, doubled));
    }
  }
}
