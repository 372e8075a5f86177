package io.millrace.protocol;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.protocol.types.ArrayOf;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.NullableSchema;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/** Steps over one value of a type, checking that it is there; built once per schema. */
abstract sealed class SchemaWalker {

  /** Where a walk is, and how many elements it may still meet. */
  static final class Cursor {
    private final ByteBuffer buffer;
    private final int end;
    private int at;
    private int elementsLeft;

    Cursor(ByteBuffer buffer, int elementsMax) {
      this.buffer = buffer;
      this.at = buffer.position();
      this.end = buffer.limit();
      this.elementsLeft = elementsMax;
    }

    private void skip(int bytes) {
      if (bytes > end - at) {
        throw new InvalidRequestException(
            "The request says " + bytes + " bytes follow where " + (end - at) + " are left.");
      }
      at += bytes;
    }

    private int take(int bytes) {
      int from = at;
      skip(bytes);
      return from;
    }

    private int unsignedVarint() {
      int value = 0;
      for (int shift = 0; shift <= 28; shift += 7) {
        byte b = buffer.get(take(1));
        value |= (b & 0x7f) << shift;
        if (b >= 0) {
          return value;
        }
      }
      throw new InvalidRequestException("The request has a varint of more than five bytes.");
    }

    private void elements(int count, int bytesEach) {
      if ((long) count * bytesEach > end - at) {
        throw new InvalidRequestException(
            "The request says "
                + count
                + " elements follow where "
                + (end - at)
                + " bytes are left.");
      }
      if (count > elementsLeft) {
        throw new InvalidRequestException("The request has too many elements.");
      }
      elementsLeft -= count;
    }
  }

  abstract void walk(Cursor c);

  /** No value of the type takes fewer bytes. */
  abstract int bytesMin();

  static SchemaWalker of(Type type) {
    return switch (type) {
      case NullableSchema schema -> new OptionalStruct(new Struct(schema));
      case Schema schema -> new Struct(schema);
      case ArrayOf array -> new Array(element(array), false);
      case CompactArrayOf array -> new Array(element(array), true);
      case TaggedFields tagged -> new Tagged(tagged);
      default -> simple(type);
    };
  }

  private static SchemaWalker element(Type array) {
    return of(array.arrayElementType().orElseThrow());
  }

  private static SchemaWalker simple(Type type) {
    return switch (type.toString()) {
      case "BOOLEAN", "INT8" -> new Fixed(1);
      case "INT16", "UINT16" -> new Fixed(2);
      case "INT32", "UINT32" -> new Fixed(4);
      case "INT64", "FLOAT64" -> new Fixed(8);
      case "UUID" -> new Fixed(16);
      case "STRING", "NULLABLE_STRING" -> new Sized(Short.BYTES);
      case "BYTES", "NULLABLE_BYTES", "RECORDS", "NULLABLE_RECORDS" -> new Sized(Integer.BYTES);
      case "COMPACT_STRING",
          "COMPACT_NULLABLE_STRING",
          "COMPACT_BYTES",
          "COMPACT_NULLABLE_BYTES",
          "COMPACT_RECORDS",
          "COMPACT_NULLABLE_RECORDS" ->
          new CompactSized();
      default -> throw new IllegalArgumentException("no walker for type " + type);
    };
  }

  private static final class Fixed extends SchemaWalker {
    private final int bytes;

    Fixed(int bytes) {
      this.bytes = bytes;
    }

    @Override
    void walk(Cursor c) {
      c.skip(bytes);
    }

    @Override
    int bytesMin() {
      return bytes;
    }
  }

  /** A length of two or four bytes, negative for null, and as many bytes. */
  private static final class Sized extends SchemaWalker {
    private final int lengthBytes;

    Sized(int lengthBytes) {
      this.lengthBytes = lengthBytes;
    }

    @Override
    void walk(Cursor c) {
      int from = c.take(lengthBytes);
      int length = lengthBytes == Short.BYTES ? c.buffer.getShort(from) : c.buffer.getInt(from);
      c.skip(Math.max(0, length));
    }

    @Override
    int bytesMin() {
      return lengthBytes;
    }
  }

  /** One more than the length as a varint, zero for null. */
  private static final class CompactSized extends SchemaWalker {
    @Override
    void walk(Cursor c) {
      c.skip(length(c));
    }

    static int length(Cursor c) {
      int coded = c.unsignedVarint();
      if (coded < 0) {
        throw new InvalidRequestException("The request has a length of more than 2^31 - 1.");
      }
      return Math.max(0, coded - 1);
    }

    @Override
    int bytesMin() {
      return 1;
    }
  }

  private static final class Array extends SchemaWalker {
    private final SchemaWalker element;
    private final boolean compact;

    Array(SchemaWalker element, boolean compact) {
      this.element = element;
      this.compact = compact;
    }

    @Override
    void walk(Cursor c) {
      int count =
          compact ? CompactSized.length(c) : Math.max(0, c.buffer.getInt(c.take(Integer.BYTES)));
      c.elements(count, Math.max(1, element.bytesMin()));
      for (int i = 0; i < count; i++) {
        element.walk(c);
      }
    }

    @Override
    int bytesMin() {
      return compact ? 1 : Integer.BYTES;
    }
  }

  private static final class Struct extends SchemaWalker {
    private final SchemaWalker[] fields;
    private final int bytesMin;

    Struct(Schema schema) {
      BoundField[] bound = schema.fields();
      fields = new SchemaWalker[bound.length];
      int sum = 0;
      for (int i = 0; i < bound.length; i++) {
        fields[i] = of(bound[i].def.type);
        sum += fields[i].bytesMin();
      }
      bytesMin = sum;
    }

    @Override
    void walk(Cursor c) {
      for (SchemaWalker field : fields) {
        field.walk(c);
      }
    }

    @Override
    int bytesMin() {
      return bytesMin;
    }
  }

  /** A byte that is negative for null, then the struct. */
  private static final class OptionalStruct extends SchemaWalker {
    private final Struct struct;

    OptionalStruct(Struct struct) {
      this.struct = struct;
    }

    @Override
    void walk(Cursor c) {
      if (c.buffer.get(c.take(1)) >= 0) {
        struct.walk(c);
      }
    }

    @Override
    int bytesMin() {
      return 1;
    }
  }

  private static final class Tagged extends SchemaWalker {
    private static final int FIELD_BYTES_MIN = 2;

    private final TreeMap<Integer, SchemaWalker> known = new TreeMap<>();

    Tagged(TaggedFields tagged) {
      for (Map.Entry<Integer, Field> field : tagged.fields().entrySet()) {
        known.put(field.getKey(), of(field.getValue().type));
      }
    }

    @Override
    void walk(Cursor c) {
      int count = c.unsignedVarint();
      if (count < 0) {
        throw new InvalidRequestException("The request has more than 2^31 - 1 tagged fields.");
      }
      c.elements(count, FIELD_BYTES_MIN);
      for (int i = 0; i < count; i++) {
        int tag = c.unsignedVarint();
        int size = c.unsignedVarint();
        if (size < 0 || size > c.end - c.at) {
          throw new InvalidRequestException(
              "The tagged field " + tag + " does not fit the request.");
        }
        int end = c.at + size;
        SchemaWalker walker = known.isEmpty() ? null : known.get(tag);
        if (walker == null) {
          c.at = end;
        } else {
          walker.walk(c);
        }
        if (c.at != end) {
          throw new InvalidRequestException(
              "The tagged field " + tag + " has not the size it says.");
        }
      }
    }

    @Override
    int bytesMin() {
      return 1;
    }
  }
}
