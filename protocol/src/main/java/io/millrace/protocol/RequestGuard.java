package io.millrace.protocol;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.Schema;

/**
 * Walks the bytes of a request by its schema before the generated decoder, which allocates by the
 * lengths it is told: every length must fit the bytes that are there, and the elements of a request
 * are limited. Costs no memory but one small object per request.
 */
public final class RequestGuard {
  /** Array elements and tagged fields a request may have, all levels together. */
  public static final int ELEMENTS_MAX = 1_000_000;

  private final ConcurrentHashMap<Integer, SchemaWalker> bodies = new ConcurrentHashMap<>();
  private final SchemaWalker[] headers = new SchemaWalker[RequestHeaderData.SCHEMAS.length];

  public RequestGuard() {
    for (int i = RequestHeaderData.LOWEST_SUPPORTED_VERSION; i < headers.length; i++) {
      headers[i] = walker(RequestHeaderData.SCHEMAS[i]);
    }
  }

  /**
   * @throws InvalidRequestException if the header does not fit the frame
   */
  public void checkHeader(ByteBuffer frame, short headerVersion) {
    check(headers[headerVersion], frame);
  }

  /**
   * @throws InvalidRequestException if the body does not fit the frame or has too many elements
   */
  public void checkBody(ApiKeys api, short version, ByteBuffer frame) {
    SchemaWalker walker =
        bodies.computeIfAbsent(
            api.id << 16 | version, k -> walker(api.messageType.requestSchemas()[version]));
    check(walker, frame);
  }

  private static SchemaWalker walker(Schema schema) {
    return SchemaWalker.of(schema);
  }

  private static void check(SchemaWalker walker, ByteBuffer frame) {
    walker.walk(new SchemaWalker.Cursor(frame, ELEMENTS_MAX));
  }
}
