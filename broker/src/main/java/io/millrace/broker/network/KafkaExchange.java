package io.millrace.broker.network;

import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.cluster.BrokerLink.Outcome;
import io.millrace.protocol.RequestEncoder;
import io.millrace.protocol.ResponseDecoder;
import io.millrace.storage.cluster.PeerFormatException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** A request of Kafka's, sent to another broker as a client would send it. */
record KafkaExchange(
    ApiMessage request, short version, int sizeBytes, CompletableFuture<Outcome> outcome)
    implements PeerExchange {
  /** The longest answer, without its length. */
  static final int FRAME_BYTES_MAX = 16 << 20;

  static KafkaExchange of(ApiMessage request, short version, CompletableFuture<Outcome> outcome) {
    return new KafkaExchange(request, version, RequestEncoder.sizeBytes(request, version), outcome);
  }

  ApiKeys api() {
    return ApiKeys.forId(request.apiKey());
  }

  @Override
  public ByteBuf frame(int correlationId) {
    ByteBuffer frame = RequestEncoder.encode(request, version, correlationId, BrokerLink.CLIENT_ID);
    return Unpooled.wrappedBuffer(
        Unpooled.buffer(FrameAssembler.LENGTH_BYTES).writeInt(frame.remaining()),
        Unpooled.wrappedBuffer(frame));
  }

  @Override
  public void onAnswer(ByteBuffer frame) {
    try {
      outcome.complete(new Outcome.Answered(ResponseDecoder.decode(api(), version, frame).body()));
    } catch (InvalidRequestException e) {
      throw new PeerFormatException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void onRefused(String reason) {
    outcome.complete(new Outcome.Silent(reason));
  }

  @Override
  public void onSilence(String reason) {
    outcome.complete(new Outcome.Silent(reason));
  }
}
