package io.millrace.broker.network;

import io.millrace.storage.cluster.PeerCodec;
import io.millrace.storage.cluster.PeerOutcome;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A request of the brokers' own, as {@link PeerCodec} writes it. */
final class PrivateExchange implements PeerExchange {
  private final byte[] body;
  private final CompletableFuture<PeerOutcome> outcome;

  PrivateExchange(byte[] body, CompletableFuture<PeerOutcome> outcome) {
    this.body = body;
    this.outcome = outcome;
  }

  @Override
  public int sizeBytes() {
    return body.length;
  }

  @Override
  public ByteBuf frame(int correlationId) {
    return PeerFrames.request(correlationId, body);
  }

  @Override
  public void onAnswer(ByteBuffer frame) {
    frame.position(frame.position() + PeerFrames.REPLY_HEADER_BYTES);
    outcome.complete(new PeerOutcome.Answered(PeerCodec.decodeReply(frame)));
  }

  @Override
  public void onRefused(String reason) {
    outcome.complete(new PeerOutcome.Refused(reason));
  }

  @Override
  public void onSilence(String reason) {
    outcome.complete(new PeerOutcome.Silent(reason));
  }
}
