package io.millrace.objectstore.s3;

import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Reads on the caller's thread. All are gets, since only the answer to a get tells an absent key
 * from an absent bucket. Nothing is allocated before the announced size is known to be allowed.
 */
final class S3Reads {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

  private final S3Client client;
  private final S3Bucket bucket;

  S3Reads(S3Client client, S3Bucket bucket) {
    this.client = client;
    this.bucket = bucket;
  }

  GetOutcome get(String key, int bytesMax) {
    return get(
        key,
        null,
        (response, body) -> {
          long size = response.contentLength();
          if (size > bytesMax) {
            body.abort();
            return new GetOutcome.TooLarge(size);
          }
          return new GetOutcome.Found(readAll(body, (int) size));
        });
  }

  GetOutcome getRange(String key, long position, int length) {
    if (length == 0) {
      return switch (head(key)) {
        case HeadOutcome.Found _ -> new GetOutcome.Found(ByteBuffer.allocate(0));
        case HeadOutcome.Absent _ -> new GetOutcome.Absent();
        case HeadOutcome.Unknown(String reason) -> new GetOutcome.Unknown(reason);
      };
    }
    long last = Long.MAX_VALUE - length < position ? Long.MAX_VALUE : position + length - 1;
    return get(
        key,
        "bytes=" + position + "-" + last,
        (response, body) -> {
          Range range = range(response);
          int expected = Math.clamp(range.total() - position, 0, length);
          if (range.from() != position || range.count() != expected) {
            body.abort();
            return new GetOutcome.Unknown(
                "%s was asked for %d bytes of %s at %d and answered with %s"
                    .formatted(bucket, length, key, position, range));
          }
          return new GetOutcome.Found(readAll(body, expected));
        });
  }

  HeadOutcome head(String key) {
    long[] size = new long[1];
    GetOutcome first =
        get(
            key,
            "bytes=0-0",
            (response, body) -> {
              size[0] = range(response).total();
              body.abort();
              return new GetOutcome.TooLarge(size[0]);
            });
    return switch (first) {
      // The object is there and has no first byte.
      case GetOutcome.Found _ -> new HeadOutcome.Found(0);
      case GetOutcome.TooLarge(long bytes) -> new HeadOutcome.Found(bytes);
      case GetOutcome.Absent _ -> new HeadOutcome.Absent();
      case GetOutcome.Unknown(String reason) -> new HeadOutcome.Unknown(reason);
    };
  }

  private GetOutcome get(
      String key,
      @Nullable String range,
      ResponseTransformer<GetObjectResponse, GetOutcome> transformer) {
    try {
      return client.getObject(
          request -> request.bucket(bucket.bucket()).key(bucket.keyStart() + key).range(range),
          transformer);
    } catch (S3Exception e) {
      if (S3Failure.isAbsent(e)) {
        return new GetOutcome.Absent();
      }
      if (range != null && S3Failure.isPastTheEnd(e)) {
        return new GetOutcome.Found(ByteBuffer.allocate(0));
      }
      throw e;
    }
  }

  /** The part of the object an answer holds. */
  private record Range(long from, long count, long total) {}

  /** The whole object where a store does not speak of ranges. */
  private static Range range(GetObjectResponse response) {
    String text = response.contentRange();
    if (text == null) {
      return new Range(0, response.contentLength(), response.contentLength());
    }
    Matcher match = CONTENT_RANGE.matcher(text);
    if (!match.matches()) {
      throw new IllegalStateException("not a content range: " + text);
    }
    long from = Long.parseLong(match.group(1));
    return new Range(
        from, Long.parseLong(match.group(2)) - from + 1, Long.parseLong(match.group(3)));
  }

  private static ByteBuffer readAll(AbortableInputStream body, int length) throws IOException {
    byte[] bytes = new byte[length];
    int count = body.readNBytes(bytes, 0, length);
    if (count != length || body.read() >= 0) {
      throw new IOException("the answer has not the %d bytes it announced".formatted(length));
    }
    return ByteBuffer.wrap(bytes);
  }
}
