package io.millrace.storage.cluster;

import io.millrace.storage.cluster.PeerReply.Alive;
import io.millrace.storage.cluster.PeerReply.Committed;
import io.millrace.storage.cluster.PeerReply.Declined;
import io.millrace.storage.cluster.PeerReply.Opinion;
import io.millrace.storage.cluster.PeerRequest.Commit;
import io.millrace.storage.cluster.PeerRequest.Heartbeat;
import io.millrace.storage.cluster.PeerRequest.Suspect;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.Decoder;
import io.millrace.storage.metadata.Encoder;
import io.millrace.storage.metadata.EntryCodec;
import io.millrace.storage.metadata.MetadataCorruptException;
import io.millrace.storage.metadata.NewerVersionException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/**
 * Bytes of requests and answers between brokers: docs/formats/peers.md. Big-endian, versioned, with
 * a CRC32C; what is read is checked for size before memory is taken. Throws {@link
 * PeerFormatException} on anything else.
 */
public final class PeerCodec {
  /** No request or answer is longer. */
  public static final int FRAME_BYTES_MAX = (1 << 20) + (1 << 17);

  /** Bytes of all entries in one answer together. */
  public static final int ENTRY_BYTES_MAX = 1 << 20;

  /** Entries in one answer. */
  public static final int ENTRIES_MAX = 1024;

  /** Characters of one reason. */
  public static final int REASON_LENGTH_MAX = 1000;

  private static final int REQUEST = 0x4d505251; // MPRQ
  private static final int REPLY = 0x4d505250; // MPRP
  private static final int VERSION = 1;

  private PeerCodec() {}

  /** Throws IllegalArgumentException if it is larger than may be, see {@link #fits}. */
  public static byte[] encode(PeerRequest request) {
    Encoder out = new Encoder().i32(REQUEST).u16(VERSION);
    if (request instanceof Commit commit && commit.commands().size() > Command.UNSETTLED_MAX) {
      throw new IllegalArgumentException(
          "%d commands, at most %d are allowed"
              .formatted(commit.commands().size(), Command.UNSETTLED_MAX));
    }
    switch (request) {
      case Heartbeat r -> out.u16(1).writer(r.from()).i64(r.entryNumber()).i64(r.storeAgeMs());
      case Commit r ->
          out.u16(2)
              .writer(r.from())
              .i64(r.entryNumber())
              .list(r.commands(), command -> EntryCodec.writeCommand(out, command));
      case Suspect r -> out.u16(3).writer(r.from()).writer(r.about());
    }
    return checked(out);
  }

  /** Throws IllegalArgumentException if it is larger than may be. */
  public static byte[] encode(PeerReply reply) {
    Encoder out = new Encoder().i32(REPLY).u16(VERSION);
    switch (reply) {
      case Alive r ->
          out.u16(1).writer(r.writer()).i32(r.nodeId()).i64(r.entryNumber()).i64(r.storeAgeMs());
      case Committed r ->
          out.u16(2)
              .list(r.voidReasons(), reason -> out.optional(reason, out::text))
              .list(r.entries(), out::bytes);
      case Opinion r -> out.u16(3).flag(r.suspected());
      case Declined r -> out.u16(4).text(r.reason());
    }
    return checked(out);
  }

  public static PeerRequest decodeRequest(ByteBuffer bytes) {
    return decode("a request of another broker", bytes, REQUEST, PeerCodec::readRequest);
  }

  public static PeerReply decodeReply(ByteBuffer bytes) {
    return decode("an answer of another broker", bytes, REPLY, PeerCodec::readReply);
  }

  /** Whether these commands can be sent in one request. */
  public static boolean fits(List<Command> commands) {
    if (commands.size() > Command.UNSETTLED_MAX) {
      return false;
    }
    Encoder out = new Encoder();
    for (Command command : commands) {
      EntryCodec.writeCommand(out, command);
      if (out.size() > ENTRY_BYTES_MAX) {
        return false;
      }
    }
    return true;
  }

  private static PeerRequest readRequest(Decoder in) {
    int type = in.u16();
    return switch (type) {
      case 1 -> new Heartbeat(in.writer(), in.i64(), in.i64());
      case 2 ->
          new Commit(
              in.writer(),
              in.i64(),
              in.list(Command.UNSETTLED_MAX, () -> EntryCodec.readCommand(in)));
      case 3 -> new Suspect(in.writer(), in.writer());
      default -> throw in.corrupt("request type " + type);
    };
  }

  private static PeerReply readReply(Decoder in) {
    int type = in.u16();
    return switch (type) {
      case 1 -> new Alive(in.writer(), in.i32(), in.i64(), in.i64());
      case 2 ->
          new Committed(
              in.list(Command.UNSETTLED_MAX, () -> in.optional(in::text)),
              in.list(ENTRIES_MAX, in::bytes));
      case 3 -> new Opinion(in.flag());
      case 4 -> new Declined(in.text());
      default -> throw in.corrupt("answer type " + type);
    };
  }

  private static <T> T decode(
      String what, ByteBuffer bytes, int magic, Function<Decoder, T> content) {
    try {
      if (bytes.remaining() > FRAME_BYTES_MAX) {
        throw new MetadataCorruptException(
            "%s is %d bytes long, at most %d are allowed"
                .formatted(what, bytes.remaining(), FRAME_BYTES_MAX));
      }
      Decoder in = Decoder.open(what, bytes, magic, VERSION);
      T read = content.apply(in);
      in.end();
      return read;
    } catch (MetadataCorruptException | NewerVersionException e) {
      throw new PeerFormatException(String.valueOf(e.getMessage()), e);
    }
  }

  private static byte[] checked(Encoder out) {
    if (out.size() > FRAME_BYTES_MAX - Integer.BYTES) {
      throw new IllegalArgumentException(
          "%d bytes for another broker, at most %d are allowed"
              .formatted(out.size() + Integer.BYTES, FRAME_BYTES_MAX));
    }
    return out.withCrc();
  }
}
