package io.millrace.objectstore;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A store of objects that are written once. Keys are '/'-separated segments of [A-Za-z0-9._-] (at
 * most 255 bytes each, 768 in all); no key is a path prefix of another. Futures complete with an
 * outcome, never exceptionally (a failed argument check throws at once); they complete on a thread
 * of the store, so callers hop to their own loop.
 */
public interface ObjectStore extends AutoCloseable {
  /**
   * Whether the object is stored when the future completes with Stored is durable. The buffer must
   * not change until then.
   */
  CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body);

  /** The whole object; {@link GetOutcome.TooLarge} if it is larger than {@code bytesMax}. */
  CompletableFuture<GetOutcome> get(String key, int bytesMax);

  /** {@code length} bytes from {@code position}; fewer only where the object ends. */
  CompletableFuture<GetOutcome> getRange(String key, long position, int length);

  CompletableFuture<HeadOutcome> head(String key);

  /**
   * Keys that start with {@code prefix} and sort after {@code after} (exclusive; empty for all), in
   * byte order, up to {@code keysMax}.
   */
  CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax);

  /** Deleting an absent object is Deleted too. */
  CompletableFuture<DeleteOutcome> delete(String key);

  /** Begins a put in parts; nothing is visible until {@link MultipartPut#complete()}. */
  MultipartPut multipartPut(String key);

  /**
   * Unfinished multipart puts under {@code prefix}, by any process; of thousands perhaps only the
   * first, the others once those are aborted.
   */
  CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix);

  /** Aborts one; an id that is gone counts as Deleted. */
  CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put);

  @Override
  void close();

  /** A put in parts, one call in flight at a time. */
  interface MultipartPut {
    /**
     * Before the first part: it shall go in parts however small it is. Else a store may put what is
     * small in one piece.
     */
    CompletableFuture<PartOutcome> begin();

    /**
     * Appends a part; the buffer must not change until the future completes. Unknown means: abort
     * and begin again.
     */
    CompletableFuture<PartOutcome> append(ByteBuffer part);

    /** Puts the object if the key is absent. */
    CompletableFuture<PutOutcome> complete();

    CompletableFuture<DeleteOutcome> abort();
  }

  /** Outcome of put-if-absent. */
  sealed interface PutOutcome {
    /** This call stored it; durable. */
    record Stored() implements PutOutcome {}

    /** The key holds an object, durable; whether it is ours is settled by reading and comparing. */
    record Exists() implements PutOutcome {}

    /** No answer: it may or may not have happened (or may still happen). */
    record Unknown(String reason) implements PutOutcome {}
  }

  /** Outcome of a read. */
  sealed interface GetOutcome {
    /** Body ready to read, owned by the caller. */
    record Found(ByteBuffer body) implements GetOutcome {}

    record Absent() implements GetOutcome {}

    record TooLarge(long bytes) implements GetOutcome {}

    /** No answer; try again. */
    record Unknown(String reason) implements GetOutcome {}
  }

  /** Outcome of head. */
  sealed interface HeadOutcome {
    record Found(long bytes) implements HeadOutcome {}

    record Absent() implements HeadOutcome {}

    record Unknown(String reason) implements HeadOutcome {}
  }

  /** Outcome of list. */
  sealed interface ListOutcome {
    record Keys(List<String> keys, boolean more) implements ListOutcome {}

    record Unknown(String reason) implements ListOutcome {}
  }

  /** Outcome of delete. */
  sealed interface DeleteOutcome {
    record Deleted() implements DeleteOutcome {}

    record Unknown(String reason) implements DeleteOutcome {}
  }

  /** Outcome of one part. */
  sealed interface PartOutcome {
    record Taken() implements PartOutcome {}

    record Unknown(String reason) implements PartOutcome {}
  }

  /** One unfinished multipart put. */
  record UnfinishedPut(String key, String id) {}

  /** Outcome of listing unfinished puts. */
  sealed interface UnfinishedOutcome {
    record Puts(List<UnfinishedPut> puts) implements UnfinishedOutcome {}

    record Unknown(String reason) implements UnfinishedOutcome {}
  }
}
