package io.millrace.protocol;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;

/**
 * Turns request frames (without length prefix) into messages, in two steps: the header, and, once
 * it is known that the version is served, the body. Records in the body are slices of the frame.
 */
public final class RequestDecoder {
  private static final int KEY_AND_VERSION_BYTES = 4;

  private final RequestGuard guard = new RequestGuard();

  /**
   * Reads the header and moves the frame's position behind it.
   *
   * @throws InvalidRequestException if it is none, or names an API that does not exist
   */
  public RequestHeaderData header(ByteBuffer frame) {
    if (frame.remaining() < KEY_AND_VERSION_BYTES) {
      throw new InvalidRequestException(
          "A frame of " + frame.remaining() + " bytes is no request.");
    }
    short key = frame.getShort(frame.position());
    short version = frame.getShort(frame.position() + Short.BYTES);
    if (!ApiKeys.hasId(key) || !ApiKeys.forId(key).hasValidVersion()) {
      throw new InvalidRequestException("There is no API with key " + key + ".");
    }
    short headerVersion = ApiKeys.forId(key).requestHeaderVersion(version);
    guard.checkHeader(frame, headerVersion);
    return decode(() -> new RequestHeaderData(new ByteBufferAccessor(frame), headerVersion));
  }

  /**
   * Reads the body behind the header.
   *
   * @throws InvalidRequestException if the bytes do not follow the schema
   */
  public ApiMessage body(ApiKeys api, short version, ByteBuffer frame) {
    guard.checkBody(api, version, frame);
    return decode(() -> {
      ApiMessage body = api.messageType.newRequest();
      body.read(new ByteBufferAccessor(frame), version);
      return body;
    });
  }

  private static <T> T decode(Supplier<T> read) {
    try {
      return read.get();
    } catch (BufferUnderflowException e) {
      throw new InvalidRequestException("The request ends too early.", e);
    } catch (RuntimeException e) {
      // The generated decoder reports nulls and tags out of place with plain runtime exceptions.
      throw new InvalidRequestException(
          "The request does not follow its schema: " + e.getMessage(), e);
    }
  }
}
