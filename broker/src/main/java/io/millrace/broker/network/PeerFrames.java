package io.millrace.broker.network;

import io.millrace.storage.cluster.PeerCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * How brokers talk on the listeners that clients use: Kafka's framing and request header version 0
 * with an API key of its own, then what {@link PeerCodec} made. Answers carry the correlation id
 * and come in any order.
 */
final class PeerFrames {
  /** Far outside the keys Kafka gives. */
  static final short API_KEY = 31_000;

  static final short VERSION = 0;

  /** Length and API key: what tells a broker from a client. */
  static final int KIND_BYTES = FrameAssembler.LENGTH_BYTES + Short.BYTES;

  /** API key, version, correlation id. */
  static final int REQUEST_HEADER_BYTES = 2 * Short.BYTES + Integer.BYTES;

  static final int REPLY_HEADER_BYTES = Integer.BYTES;

  /** The longest frame, without its length. */
  static final int FRAME_BYTES_MAX = PeerCodec.FRAME_BYTES_MAX + REQUEST_HEADER_BYTES;

  private PeerFrames() {}

  /** Whether the first {@link #KIND_BYTES} of a connection are those of another broker. */
  static boolean fromPeer(ByteBuf first) {
    return first.getShort(first.readerIndex() + FrameAssembler.LENGTH_BYTES) == API_KEY;
  }

  static ByteBuf request(int correlationId, byte[] body) {
    ByteBuf header =
        Unpooled.buffer(FrameAssembler.LENGTH_BYTES + REQUEST_HEADER_BYTES)
            .writeInt(REQUEST_HEADER_BYTES + body.length)
            .writeShort(API_KEY)
            .writeShort(VERSION)
            .writeInt(correlationId);
    return Unpooled.wrappedBuffer(header, Unpooled.wrappedBuffer(body));
  }

  static ByteBuf reply(int correlationId, byte[] body) {
    ByteBuf header =
        Unpooled.buffer(FrameAssembler.LENGTH_BYTES + REPLY_HEADER_BYTES)
            .writeInt(REPLY_HEADER_BYTES + body.length)
            .writeInt(correlationId);
    return Unpooled.wrappedBuffer(header, Unpooled.wrappedBuffer(body));
  }
}
