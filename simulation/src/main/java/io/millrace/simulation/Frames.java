package io.millrace.simulation;

import io.millrace.protocol.EncodedResponse;
import java.nio.ByteBuffer;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;

/** The client's half of the wire: request frames out, response frames in. */
final class Frames {
  private Frames() {}

  static ByteBuffer encode(ApiMessage request, short version, int correlationId, String clientId) {
    ApiKeys api = ApiKeys.forId(request.apiKey());
    RequestHeaderData header =
        new RequestHeaderData()
            .setRequestApiKey(api.id)
            .setRequestApiVersion(version)
            .setCorrelationId(correlationId)
            .setClientId(clientId);
    ByteBuffer head =
        MessageUtil.toByteBufferAccessor(header, api.requestHeaderVersion(version)).buffer();
    ByteBuffer body = MessageUtil.toByteBufferAccessor(request, version).buffer();
    return ByteBuffer.allocate(head.remaining() + body.remaining()).put(head).put(body).flip();
  }

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
    ByteBufferAccessor readable = new ByteBufferAccessor(frame);
    ResponseHeaderData header =
        new ResponseHeaderData(readable, api.responseHeaderVersion(version));
    if (header.correlationId() != correlationId) {
      throw new Violation("D6: answer " + header.correlationId() + " to " + correlationId);
    }
    ApiMessage body = api.messageType.newResponse();
    body.read(readable, version);
    return body;
  }
}
