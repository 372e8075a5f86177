package io.millrace.protocol;

import java.nio.ByteBuffer;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/** Makes request frames (without length prefix), for one broker that asks another. */
public final class RequestEncoder {
  private RequestEncoder() {}

  public static ByteBuffer encode(
      ApiMessage request, short version, int correlationId, String clientId) {
    ApiKeys api = ApiKeys.forId(request.apiKey());
    RequestHeaderData header =
        new RequestHeaderData()
            .setRequestApiKey(api.id)
            .setRequestApiVersion(version)
            .setCorrelationId(correlationId)
            .setClientId(clientId);
    short headerVersion = api.requestHeaderVersion(version);
    ObjectSerializationCache cache = new ObjectSerializationCache();
    int size = Math.addExact(header.size(cache, headerVersion), request.size(cache, version));
    ByteBufferAccessor frame = new ByteBufferAccessor(ByteBuffer.allocate(size));
    header.write(frame, cache, headerVersion);
    request.write(frame, cache, version);
    return frame.buffer().flip();
  }

  /** Of the body. */
  public static int sizeBytes(ApiMessage request, short version) {
    return request.size(new ObjectSerializationCache(), version);
  }
}
