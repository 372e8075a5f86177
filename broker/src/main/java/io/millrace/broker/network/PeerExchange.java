package io.millrace.broker.network;

import io.millrace.storage.cluster.PeerFormatException;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/**
 * One request over a {@link PeerConnection} and what becomes of it, which is told once, on the
 * connection's loop.
 */
interface PeerExchange {
  /** What the request counts against the limit of bytes in flight. */
  int sizeBytes();

  /** The request's frame, length included. */
  ByteBuf frame(int correlationId);

  /**
   * The answer's frame, which begins with the correlation id.
   *
   * @throws PeerFormatException if it cannot be read; then nothing was told yet
   */
  void onAnswer(ByteBuffer frame);

  /** Nobody listens at the address. */
  void onRefused(String reason);

  /** There is no answer; the request may have been delivered. */
  void onSilence(String reason);
}
