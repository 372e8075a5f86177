package io.millrace.storage.metadata;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;

/** Bytes of an {@link Entry}: docs/formats/metadata.md. */
public final class EntryCodec {
  /** An entry larger than this is never written. */
  static final int BYTES_MAX = 16 << 20;

  private static final int MAGIC = 0x4d454e54; // MENT
  private static final int VERSION = 1;
  private static final int NUMBER_POSITION = 6;

  private EntryCodec() {}

  static byte[] encode(Entry entry) {
    Encoder out = new Encoder();
    out.i32(MAGIC)
        .u16(VERSION)
        .i64(entry.number())
        .i64(entry.predecessorHash())
        .writer(entry.writer());
    out.list(entry.commands(), command -> writeCommand(out, command));
    return out.withCrc();
  }

  /** Throws {@link MetadataCorruptException} if the bytes are no entry of this number. */
  public static Entry decode(long number, ByteBuffer body) {
    Decoder in = Decoder.open(Keys.metaEntry(number), body, MAGIC, VERSION);
    Entry entry = new Entry(in.i64(), in.i64(), in.writer(), in.list(() -> readCommand(in)));
    in.end();
    if (entry.number() != number) {
      throw in.corrupt("it holds entry " + entry.number());
    }
    return entry;
  }

  /**
   * The number these bytes claim to be of, without a look at the rest; -1 if they are too short.
   */
  static long number(byte[] bytes) {
    return bytes.length < NUMBER_POSITION + Long.BYTES
        ? -1
        : ByteBuffer.wrap(bytes).getLong(NUMBER_POSITION);
  }

  public static void writeCommand(Encoder out, Command command) {
    byte[] record = RecordCodec.encode(command.record());
    out.writer(command.issuer()).i64(command.number());
    out.u16(RecordCodec.type(command.record())).u16(RecordCodec.VERSION).bytes(record);
  }

  public static Command readCommand(Decoder in) {
    WriterId issuer = in.writer();
    long number = in.i64();
    int type = in.u16();
    int version = in.u16();
    Decoder part = in.part(in.i32());
    MetadataRecord record = RecordCodec.decode(type, version, part);
    part.end();
    return new Command(issuer, number, record);
  }
}
