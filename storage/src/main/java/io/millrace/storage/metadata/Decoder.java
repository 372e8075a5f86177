package io.millrace.storage.metadata;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;

/**
 * Reads what {@link Encoder} wrote; strict: lengths are checked before memory is taken, and nothing
 * may be left over.
 */
public final class Decoder {
  private final String key;
  private final ByteBuffer in;

  private Decoder(String key, ByteBuffer in) {
    this.key = key;
    this.in = in;
  }

  /**
   * Checks magic and version, then the CRC at the end, and stands behind the version.
   *
   * @param versionMax newest version this program reads
   */
  public static Decoder open(String key, ByteBuffer body, int magic, int versionMax) {
    ByteBuffer in = body.slice();
    if (in.remaining() < 10) {
      throw new MetadataCorruptException(
          "%s is corrupt: only %d bytes long".formatted(key, in.remaining()));
    }
    if (in.getInt(0) != magic) {
      throw new MetadataCorruptException(
          "%s is corrupt: it begins with %08x, expected %08x".formatted(key, in.getInt(0), magic));
    }
    int end = in.limit() - 4;
    CRC32C crc = new CRC32C();
    crc.update(in.slice(0, end));
    if ((int) crc.getValue() != in.getInt(end)) {
      throw new MetadataCorruptException(
          "%s is corrupt: CRC32C is %08x, computed %08x"
              .formatted(key, in.getInt(end), (int) crc.getValue()));
    }
    // only now: a flipped bit is no newer version
    int version = Short.toUnsignedInt(in.getShort(4));
    if (version > versionMax) {
      throw newer(key, "format", version, versionMax);
    }
    if (version == 0) {
      throw new MetadataCorruptException(key + " is corrupt: format version 0 was never written");
    }
    in.position(6).limit(end);
    return new Decoder(key, in);
  }

  static NewerVersionException newer(String key, String what, int found, int versionMax) {
    return new NewerVersionException(
        "%s was written by a newer version of Millrace (%s %d, this version reads up to %d); start that version or a later one"
            .formatted(key, what, found, versionMax));
  }

  /** A part of {@code length} bytes with its own end. */
  Decoder part(int length) {
    need(length);
    Decoder part = new Decoder(key, in.slice(in.position(), length));
    in.position(in.position() + length);
    return part;
  }

  String key() {
    return key;
  }

  public int u16() {
    need(2);
    return Short.toUnsignedInt(in.getShort());
  }

  public int i32() {
    need(4);
    return in.getInt();
  }

  public long i64() {
    need(8);
    return in.getLong();
  }

  public boolean flag() {
    need(1);
    byte value = in.get();
    if (value != 0 && value != 1) {
      throw corrupt("flag is " + value);
    }
    return value == 1;
  }

  public String text() {
    int length = i32();
    need(length);
    ByteBuffer utf8 = in.slice(in.position(), length);
    in.position(in.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw corrupt("text is not UTF-8");
    }
  }

  public WriterId writer() {
    return new WriterId(i64(), i64());
  }

  /** A 32-bit length, then so many bytes. */
  public byte[] bytes() {
    int length = i32();
    need(length);
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  Uuid uuid() {
    return new Uuid(i64(), i64());
  }

  PartitionId partition() {
    return new PartitionId(uuid(), i32());
  }

  <T> List<T> list(Supplier<T> element) {
    return list(Integer.MAX_VALUE, element);
  }

  /** A list of at most {@code countMax} elements. */
  public <T> List<T> list(int countMax, Supplier<T> element) {
    int count = i32();
    if (count > countMax) {
      throw corrupt("a list of %d, at most %d are allowed".formatted(count, countMax));
    }
    need(count); // an element has at least one byte
    List<T> values = new ArrayList<>(Math.min(count, 1024));
    for (int i = 0; i < count; i++) {
      values.add(element.get());
    }
    return List.copyOf(values);
  }

  public <T> Optional<T> optional(Supplier<T> present) {
    return flag() ? Optional.of(present.get()) : Optional.empty();
  }

  List<Integer> ints() {
    return list(this::i32);
  }

  Map<String, Optional<String>> changes() {
    return values(() -> optional(this::text));
  }

  Map<String, String> texts() {
    return values(this::text);
  }

  Map<String, Short> levels() {
    return values(() -> (short) u16());
  }

  double f64() {
    return Double.longBitsToDouble(i64());
  }

  /** By name, each once. */
  <V> Map<String, V> values(Supplier<V> value) {
    Map<String, V> values = new TreeMap<>();
    list(() -> values.put(unique(values, text()), value.get()) == null);
    return values;
  }

  /** Nothing may follow. */
  public void end() {
    if (in.hasRemaining()) {
      throw corrupt(in.remaining() + " bytes too many");
    }
  }

  public MetadataCorruptException corrupt(String why) {
    return new MetadataCorruptException("%s is corrupt: %s".formatted(key, why));
  }

  private String unique(Map<String, ?> values, String name) {
    if (values.containsKey(name)) {
      throw corrupt("'" + name + "' stands twice");
    }
    return name;
  }

  private void need(int bytes) {
    if (bytes < 0 || bytes > in.remaining()) {
      throw corrupt("%d bytes expected, %d left".formatted(bytes, in.remaining()));
    }
  }
}
