package io.millrace.simulation;

import io.millrace.protocol.EncodedResponse;
import io.millrace.protocol.ResponseDecoder;
import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** Response frames as clients read them. */
final class Frames {
  private Frames() {}

  /** Copies the response out of what the broker lent. */
  static ApiMessage decode(
      ApiKeys api, short version, int correlationId, EncodedResponse response) {
    ByteBuffer frame = ByteBuffer.allocate(response.sizeBytes());
    response.buffers().forEach(part -> frame.put(part.duplicate()));
    frame.flip();
    int length = frame.getInt();
    if (length != frame.remaining()) {
      throw new Violation("a frame of " + length + " bytes has " + frame.remaining());
    }
    ResponseDecoder.Response answer = ResponseDecoder.decode(api, version, frame);
    if (answer.correlationId() != correlationId) {
      throw new Violation("D6: answer " + answer.correlationId() + " to " + correlationId);
    }
    return answer.body();
  }
}
