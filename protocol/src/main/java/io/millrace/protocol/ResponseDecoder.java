package io.millrace.protocol;

import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;

/** Reads response frames (without length prefix), for one broker that asks another. */
public final class ResponseDecoder {
  private ResponseDecoder() {}

  public record Response(int correlationId, ApiMessage body) {}

  /**
   * Reads a response to a request of that version.
   *
   * @throws InvalidRequestException if the bytes do not follow the schema
   */
  public static Response decode(ApiKeys api, short version, ByteBuffer frame) {
    try {
      ByteBufferAccessor in = new ByteBufferAccessor(frame);
      int correlationId =
          new ResponseHeaderData(in, api.responseHeaderVersion(version)).correlationId();
      ApiMessage body = api.messageType.newResponse();
      body.read(in, version);
      return new Response(correlationId, body);
    } catch (RuntimeException e) {
      // the generated decoder reports all that is out of place with plain runtime exceptions
      throw new InvalidRequestException(
          "What came is no answer to " + api + " version " + version + ".", e);
    }
  }
}
