package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.Run;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Reads all that listed objects hold of a partition, once and in offset order, with the checks of
 * the broker; for tools. Blocks; holds a run at a time.
 */
public final class ObjectDump {
  private final ObjectStore store;
  private final StoreReads reads;

  public ObjectDump(ObjectStore store) {
    this.store = store;
    this.reads = new StoreReads(store);
  }

  /** Is told of what is found. */
  public interface Sink {
    /** What follows lies in this object. */
    void part(ObjectInfo object, PartitionFooter footer);

    /**
     * A batch.
     *
     * @param bytes holds it at {@code at}; valid during the call
     * @param position in the object
     */
    void batch(ByteBuffer bytes, int at, long position);
  }

  private record Part(ObjectInfo object, PartitionFooter footer) {}

  /**
   * Everything of parts that end above {@code from}. Fails, in a CompletionException, as {@link
   * StoreReads#read} does; with {@link ObjectAbsentException} if the image is of old.
   */
  public void run(MetadataImage image, PartitionId id, long from, Sink sink) {
    List<Part> parts = new ArrayList<>();
    for (ObjectInfo object : image.objects().values()) {
      if (object.mayHold(id)) {
        footer(object).of(id).stream()
            .filter(footer -> footer.endOffset() > from)
            .forEach(footer -> parts.add(new Part(object, footer)));
      }
    }
    parts.sort(Comparator.comparingLong(part -> part.footer().baseOffset()));
    parts.forEach(part -> dump(part, sink));
  }

  private Footer footer(ObjectInfo object) {
    return FooterCache.decoded(
        object, reads.read(object.key(), object.footerPosition(), object.footerBytes()).join());
  }

  private void dump(Part part, Sink sink) {
    PartitionFooter footer = part.footer();
    sink.part(part.object(), footer);
    StretchReader stretches = new StretchReader(store);
    for (Run run : footer.runs()) {
      ByteBuffer bytes = ByteBuffer.allocate(run.bytes());
      stretches.read(part.object().key(), footer, List.of(run), bytes).join();
      for (int at = 0; at < run.bytes(); at += BatchHeader.sizeBytes(bytes, at)) {
        sink.batch(bytes, at, run.position() + at);
      }
    }
  }
}
