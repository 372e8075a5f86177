package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.cache.LoadingCache;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Footers of objects, kept by size. Any thread may call. */
public final class FooterCache {
  /** What a decoded footer takes in memory for each encoded byte, about. */
  private static final int MEMORY_FACTOR = 4;

  private final StoreReads reads;
  private final ListedReads listed;
  private final LoadingCache<ObjectInfo, Sized> cache;

  public FooterCache(ObjectStore store, MetadataLog metadata, ObjectPins pins, long bytesMax) {
    this.reads = new StoreReads(store);
    this.listed = new ListedReads(metadata, pins);
    this.cache = new LoadingCache<>(bytesMax, this::load, Sized::bytes);
  }

  private record Sized(Footer footer, long bytes) {}

  /**
   * Fails with {@link ObjectAbsentException}, {@link StoreUnavailableException} or {@link
   * ObjectCorruptException}.
   */
  public CompletableFuture<Footer> get(ObjectInfo object) {
    return cache.get(object).thenApply(Sized::footer);
  }

  @Nullable Footer ifLoaded(ObjectInfo object) {
    Sized found = cache.ifLoaded(object);
    return found == null ? null : found.footer();
  }

  private CompletableFuture<Sized> load(ObjectInfo object) {
    return listed.read(
        object.key(),
        () ->
            reads
                .read(object.key(), object.footerPosition(), object.footerBytes())
                .thenApply(body -> decode(object, body)));
  }

  private static Sized decode(ObjectInfo object, ByteBuffer body) {
    return new Sized(decoded(object, body), (long) object.footerBytes() * MEMORY_FACTOR);
  }

  /** The footer that the image lists, or {@link ObjectCorruptException}. */
  static Footer decoded(ObjectInfo object, ByteBuffer body) {
    int crc = body.getInt(body.limit() - FooterCodec.TRAILER_BYTES);
    if (crc != object.footerCrc()) {
      throw new ObjectCorruptException(
          "the footer of %s is corrupt: its CRC is %08x, the image says %08x"
              .formatted(object.key(), crc, object.footerCrc()));
    }
    return FooterCodec.decode(object.key(), body);
  }
}
