package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.MultipartPut;
import io.millrace.objectstore.ObjectStore.PartOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.MergeWriter.Batch;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * One object being written by a merge, part after part. Owned by the merge's loop. An answer that
 * does not say the bytes are stored fails it for good: the merge begins again under another name.
 */
final class MergeOutput {
  private final String key;
  private final int level;
  private final WriterId writer;
  private final MultipartPut put;
  private final FooterBuilder footer = new FooterBuilder();
  private final ByteBuffer buffer;
  private long position;

  /** A written object and what its footer must say. */
  record Written(ObjectInfo object, Footer footer) {}

  /**
   * @param buffer scratch for one part, used by one output at a time
   */
  MergeOutput(ObjectStore store, String key, int level, WriterId writer, ByteBuffer buffer) {
    this.key = key;
    this.level = level;
    this.writer = writer;
    this.put = store.multipartPut(key);
    this.buffer = buffer.clear();
  }

  /** Bytes taken so far, without the footer. */
  long bytes() {
    return position + buffer.position();
  }

  /**
   * Room for a batch of this size, now; else {@link #flush} first. A batch larger than the whole
   * buffer goes out alone.
   */
  boolean hasRoom(int batchBytes) {
    return batchBytes <= buffer.remaining();
  }

  void add(Batch batch) {
    addToFooter(batch, bytes());
    int size = batch.size();
    buffer.put(buffer.position(), batch.bytes(), batch.at(), size);
    buffer.position(buffer.position() + size);
  }

  /** Adds a batch that has no room in the empty buffer. */
  CompletableFuture<Void> addAlone(Batch batch) {
    addToFooter(batch, position);
    return append(batch.bytes().slice(batch.at(), batch.size()));
  }

  private void addToFooter(Batch batch, long at) {
    footer.add(
        batch.partition(), batch.bytes(), batch.at(), at, batch.coveredFrom(), batch.compactedTo());
  }

  CompletableFuture<Void> flush() {
    ByteBuffer part = buffer.flip().slice();
    return append(part).thenRun(buffer::clear);
  }

  CompletableFuture<Written> finish() {
    EncodedFooter encoded = footer.encode();
    ObjectInfo[] object = new ObjectInfo[1];
    return flush()
        .thenCompose(_ -> {
          object[0] = encoded.object(key, level, writer, position);
          return append(encoded.bytes());
        })
        .thenCompose(_ -> put.complete())
        .thenApply(outcome ->
            switch (outcome) {
              case PutOutcome.Stored() -> new Written(object[0], footer.build());
              case PutOutcome.Exists() ->
                  throw new IllegalStateException(
                      key + " exists, but its number was never used before");
              case PutOutcome.Unknown(String reason) ->
                  throw new StoreUnavailableException("completing %s: %s".formatted(key, reason));
            });
  }

  /** Takes back what is not complete; what stays is collected as garbage. */
  CompletableFuture<Void> abort() {
    return put.abort().thenAccept(_ -> {});
  }

  private CompletableFuture<Void> append(ByteBuffer part) {
    if (!part.hasRemaining()) {
      return CompletableFuture.completedFuture(null);
    }
    int size = part.remaining();
    return put.append(part)
        .thenAccept(outcome -> {
          position +=
              switch (outcome) {
                case PartOutcome.Taken() -> size;
                case PartOutcome.Unknown(String reason) ->
                    throw new StoreUnavailableException("writing %s: %s".formatted(key, reason));
              };
        });
  }
}
