package io.millrace.objectstore.s3;

import io.millrace.objectstore.ObjectKeys;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.StoreThreads;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects in an S3-compatible bucket, created with {@code If-None-Match: *}. One request per call
 * (a listing: per page), never repeated here: whatever is no clear answer is Unknown and the
 * caller's.
 */
public final class S3Store implements ObjectStore {
  private static final int PAGE_KEYS_MAX = 1000;
  private static final int UNFINISHED_PUTS_MAX = 10_000;

  /** In a row, which a service may answer where many objects have just been deleted. */
  private static final int EMPTY_PAGES_MAX = 100;

  private final S3Client client;
  private final S3Bucket bucket;
  private final S3Reads reads;
  private final StoreThreads threads;

  S3Store(S3Client client, S3Bucket bucket, StoreThreads threads) {
    this.client = client;
    this.bucket = bucket;
    this.reads = new S3Reads(client, bucket);
    this.threads = threads;
  }

  /**
   * Connects lazily, with credentials from the SDK's usual chain.
   *
   * @param connectionsMax at least as many as there are threads
   * @throws IllegalArgumentException if no region is given or found
   */
  public static S3Store open(S3Bucket bucket, StoreThreads threads, int connectionsMax) {
    AwsCredentialsProvider credentials = DefaultCredentialsProvider.builder().build();
    S3Client client = S3Clients.connect(bucket, credentials, S3Timeouts.DEFAULT, connectionsMax);
    return new S3Store(client, bucket, threads);
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    ObjectKeys.check(key);
    ByteBuffer source = body.duplicate();
    return write(() -> put(key, source), PutOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    ObjectKeys.check(key);
    return read(() -> reads.get(key, bytesMax), GetOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    ObjectKeys.check(key);
    if (position < 0 || length < 0) {
      throw new IllegalArgumentException("range " + position + " + " + length);
    }
    return run(
        threads.readsOf(length),
        () -> reads.getRange(key, position, length),
        GetOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    ObjectKeys.check(key);
    return read(() -> reads.head(key), HeadOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    ObjectKeys.checkPrefix(prefix);
    if (keysMax < 1) {
      throw new IllegalArgumentException("keysMax " + keysMax);
    }
    return read(() -> listPages(prefix, after, keysMax), ListOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    ObjectKeys.check(key);
    return write(
        () -> {
          try {
            client.deleteObject(request -> request.bucket(bucket.bucket()).key(fullKey(key)));
          } catch (S3Exception e) {
            if (!S3Failure.isAbsent(e)) {
              throw e;
            }
          }
          return new DeleteOutcome.Deleted();
        },
        DeleteOutcome.Unknown::new);
  }

  @Override
  public MultipartPut multipartPut(String key) {
    ObjectKeys.check(key);
    return new S3MultipartPut(this, client, bucket.bucket(), key, fullKey(key));
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    ObjectKeys.checkPrefix(prefix);
    return read(() -> listUploads(prefix), UnfinishedOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    ObjectKeys.check(put.key());
    return write(() -> abortUpload(fullKey(put.key()), put.id()), DeleteOutcome.Unknown::new);
  }

  @Override
  public void close() {
    client.close();
  }

  PutOutcome put(String key, ByteBuffer body) {
    try {
      client.putObject(
          request -> request.bucket(bucket.bucket()).key(fullKey(key)).ifNoneMatch("*"),
          BufferStream.body(body));
      return new PutOutcome.Stored();
    } catch (S3Exception e) {
      if (S3Failure.isTaken(e)) {
        return new PutOutcome.Exists();
      }
      throw e;
    }
  }

  DeleteOutcome abortUpload(String fullKey, String id) {
    try {
      client.abortMultipartUpload(
          request -> request.bucket(bucket.bucket()).key(fullKey).uploadId(id));
    } catch (S3Exception e) {
      if (!S3Failure.isNoUpload(e)) {
        throw e;
      }
    }
    return new DeleteOutcome.Deleted();
  }

  <T> CompletableFuture<T> write(Supplier<T> call, Function<String, T> unknown) {
    return run(threads.writes(), call, unknown);
  }

  private <T> CompletableFuture<T> read(Supplier<T> call, Function<String, T> unknown) {
    return run(threads.reads(), call, unknown);
  }

  private <T> CompletableFuture<T> run(
      Executor executor, Supplier<T> call, Function<String, T> unknown) {
    CompletableFuture<T> future = new CompletableFuture<>();
    try {
      executor.execute(() -> future.complete(outcome(call, unknown)));
    } catch (RejectedExecutionException full) {
      future.complete(unknown.apply("the store takes no more calls: " + full.getMessage()));
    }
    return future;
  }

  private <T> T outcome(Supplier<T> call, Function<String, T> unknown) {
    try {
      return call.get();
    } catch (RuntimeException | OutOfMemoryError e) {
      // Not only SdkException: a client that was closed throws what its parts throw.
      return unknown.apply(S3Failure.reason(bucket, e));
    }
  }

  private ListOutcome listPages(String prefix, String after, int keysMax) {
    List<String> keys = new ArrayList<>();
    String last = after;
    String token = null;
    for (int emptyPages = 0; emptyPages <= EMPTY_PAGES_MAX; ) {
      String from = last.isEmpty() ? null : fullKey(last);
      String next = token;
      int pageMax = Math.min(PAGE_KEYS_MAX, keysMax - keys.size());
      ListObjectsV2Response page =
          client.listObjectsV2(request ->
              request
                  .bucket(bucket.bucket())
                  .prefix(fullKey(prefix))
                  .startAfter(from)
                  .continuationToken(next)
                  .maxKeys(pageMax));
      for (S3Object object : page.contents()) {
        String key = object.key().substring(bucket.keyStart().length());
        if (key.compareTo(last) <= 0) {
          return new ListOutcome.Unknown(
              "%s lists '%s' after '%s', not in byte order".formatted(bucket, key, last));
        }
        last = key;
        if (ObjectKeys.isKey(key)) {
          keys.add(key);
        }
      }
      boolean more = Boolean.TRUE.equals(page.isTruncated());
      if (!more || keys.size() >= keysMax) {
        return new ListOutcome.Keys(List.copyOf(keys), more);
      }
      // a page without keys does not say where the next one begins: only its token does
      boolean empty = page.contents().isEmpty();
      token = empty ? page.nextContinuationToken() : null;
      emptyPages = empty ? emptyPages + 1 : 0;
      if (empty && token == null) {
        break;
      }
    }
    return new ListOutcome.Unknown(
        "%s lists nothing after '%s' and says that there is more".formatted(bucket, last));
  }

  private UnfinishedOutcome listUploads(String prefix) {
    List<UnfinishedPut> puts = new ArrayList<>();
    String keyMarker = null;
    String idMarker = null;
    for (int emptyPages = 0; emptyPages <= EMPTY_PAGES_MAX; ) {
      String afterKey = keyMarker;
      String afterId = idMarker;
      ListMultipartUploadsResponse page =
          client.listMultipartUploads(request ->
              request
                  .bucket(bucket.bucket())
                  .prefix(fullKey(prefix))
                  .keyMarker(afterKey)
                  .uploadIdMarker(afterId));
      page.uploads().stream()
          .map(upload ->
              new UnfinishedPut(
                  upload.key().substring(bucket.keyStart().length()), upload.uploadId()))
          .filter(put -> ObjectKeys.isKey(put.key()))
          .forEach(puts::add);
      boolean more = Boolean.TRUE.equals(page.isTruncated());
      if (!more || puts.size() >= UNFINISHED_PUTS_MAX) {
        return new UnfinishedOutcome.Puts(List.copyOf(puts));
      }
      keyMarker = page.nextKeyMarker();
      idMarker = page.nextUploadIdMarker();
      emptyPages = page.uploads().isEmpty() ? emptyPages + 1 : 0;
      if (keyMarker == null) {
        break;
      }
    }
    return new UnfinishedOutcome.Unknown(
        "%s says that there are more uploads and does not show them".formatted(bucket));
  }

  private String fullKey(String key) {
    return bucket.keyStart() + key;
  }
}
