package io.millrace.objectstore.s3;

import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.objectstore.ObjectStore.PartOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * Collects what is appended into parts of one size (S3 wants 5 MiB at least, some stores want them
 * alike) and sends each when it is full; what never fills one goes as a single put. Holds one part
 * in memory. Any failed request ends it.
 */
final class S3MultipartPut implements MultipartPut {
  static final int PART_BYTES = 8 << 20;

  /** S3's own limit. */
  private static final int PARTS_MAX = 10_000;

  private final S3Store store;
  private final S3Client client;
  private final String bucket;
  private final String key;
  private final String fullKey;
  private final List<CompletedPart> parts = new ArrayList<>();
  private @Nullable ByteBuffer buffer;
  private @Nullable String uploadId;
  private boolean ended;

  S3MultipartPut(S3Store store, S3Client client, String bucket, String key, String fullKey) {
    this.store = store;
    this.client = client;
    this.bucket = bucket;
    this.key = key;
    this.fullKey = fullKey;
  }

  @Override
  public CompletableFuture<PartOutcome> begin() {
    return store.write(this::create, PartOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<PartOutcome> append(ByteBuffer part) {
    ByteBuffer source = part.duplicate();
    return store.write(() -> take(source), PartOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<PutOutcome> complete() {
    return store.write(this::finish, PutOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<DeleteOutcome> abort() {
    return store.write(this::discard, DeleteOutcome.Unknown::new);
  }

  private synchronized PartOutcome create() {
    ByteBuffer _ = open();
    createUpload();
    ended = false;
    return new PartOutcome.Taken();
  }

  private synchronized PartOutcome take(ByteBuffer source) {
    ByteBuffer filling = open();
    int end = source.limit();
    while (source.position() < end) {
      source.limit(source.position() + Math.min(end - source.position(), filling.remaining()));
      filling.put(source);
      source.limit(end);
      if (!filling.hasRemaining()) {
        send(filling.flip());
        filling.clear();
      }
    }
    ended = false;
    return new PartOutcome.Taken();
  }

  private synchronized PutOutcome finish() {
    ByteBuffer rest = open().flip();
    buffer = null;
    if (uploadId == null) {
      return store.put(key, rest);
    }
    if (rest.hasRemaining()) {
      send(rest);
    }
    try {
      client.completeMultipartUpload(request ->
          request
              .bucket(bucket)
              .key(fullKey)
              .uploadId(uploadId)
              .ifNoneMatch("*")
              .multipartUpload(upload -> upload.parts(parts)));
      uploadId = null;
      return new PutOutcome.Stored();
    } catch (S3Exception e) {
      if (S3Failure.isTaken(e)) {
        discardQuietly();
        return new PutOutcome.Exists();
      }
      throw e;
    }
  }

  /** What cannot be discarded now is listed as unfinished. */
  private void discardQuietly() {
    try {
      discard();
    } catch (RuntimeException stays) {
      // The outcome of the put is known and does not depend on it.
    }
  }

  private synchronized DeleteOutcome discard() {
    ended = true;
    buffer = null;
    String begun = uploadId;
    return begun == null ? new DeleteOutcome.Deleted() : store.abortUpload(fullKey, begun);
  }

  /** From here to the end of the call the put counts as ended: what throws ends it for good. */
  private ByteBuffer open() {
    if (ended) {
      throw new IllegalStateException("the put of " + key + " has failed or ended");
    }
    ended = true;
    if (buffer == null) {
      buffer = ByteBuffer.allocate(PART_BYTES);
    }
    return buffer;
  }

  private void send(ByteBuffer part) {
    if (parts.size() == PARTS_MAX) {
      throw new IllegalStateException(
          "%s is larger than %d parts of %d bytes".formatted(key, PARTS_MAX, PART_BYTES));
    }
    createUpload();
    int number = parts.size() + 1;
    UploadPartResponse sent =
        client.uploadPart(
            request -> request.bucket(bucket).key(fullKey).uploadId(uploadId).partNumber(number),
            BufferStream.body(part));
    parts.add(CompletedPart.builder().partNumber(number).eTag(sent.eTag()).build());
  }

  private void createUpload() {
    if (uploadId == null) {
      uploadId =
          client.createMultipartUpload(request -> request.bucket(bucket).key(fullKey)).uploadId();
    }
  }
}
