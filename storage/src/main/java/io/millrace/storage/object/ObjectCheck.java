package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.Finding;
import io.millrace.storage.Finding.Range;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.Run;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Proves a listed object: its footer is the one that the image names, every batch in it is whole,
 * and a footer made anew of the batches is the same (their hash, counts, offsets, times, leader
 * epochs, producers, aborted transactions and the index). For tools; blocks, holds a run at a time.
 */
public final class ObjectCheck {
  private final ObjectStore store;
  private final StoreReads reads;

  public ObjectCheck(ObjectStore store) {
    this.store = store;
    this.reads = new StoreReads(store);
  }

  /**
   * What was found.
   *
   * @param spokenFor the offsets that the object is there for, whole or not; none if its footer is
   *     not readable
   * @param bytes read
   */
  public record Checked(List<Range> spokenFor, List<Finding> findings, long bytes) {}

  /** Fails with {@link ObjectAbsentException} if it is not there. */
  public Checked run(ObjectInfo object) {
    List<Finding> findings = new ArrayList<>();
    Footer footer = footer(object, findings);
    if (footer == null) {
      return new Checked(List.of(), findings, object.footerBytes());
    }
    checkListing(object, footer, findings);
    List<Range> spokenFor = new ArrayList<>();
    long bytes = object.footerBytes();
    for (PartitionFooter part : footer.partitions()) {
      spokenFor.add(range(part));
      checkPart(object.key(), part, findings);
      bytes += part.bytes();
    }
    return new Checked(spokenFor, findings, bytes);
  }

  private @Nullable Footer footer(ObjectInfo object, List<Finding> findings) {
    try {
      ByteBuffer bytes = read(object.key(), object.footerPosition(), object.footerBytes());
      return FooterCache.decoded(object, bytes);
    } catch (ObjectCorruptException e) {
      findings.add(Finding.damaged(object.key(), String.valueOf(e.getMessage())));
      return null;
    }
  }

  private void checkListing(ObjectInfo object, Footer footer, List<Finding> findings) {
    PartitionFooter first = footer.partitions().getFirst();
    PartitionFooter last = footer.partitions().getLast();
    boolean same =
        object.first().equals(first.partition())
            && object.firstOffset() == first.baseOffset()
            && object.last().equals(last.partition())
            && object.endOffset() == last.endOffset();
    if (!same) {
      findings.add(
          Finding.damaged(object.key(), "its key range is not the one that the image names"));
    }
    // a file of a log keeps the size it was made with
    if (store.head(object.key()).join() instanceof HeadOutcome.Found(long bytes)
        && (object.level() == 0 ? bytes < object.sizeBytes() : bytes != object.sizeBytes())) {
      findings.add(
          Finding.damaged(
              object.key(),
              "it has %d bytes, the image says %d".formatted(bytes, object.sizeBytes())));
    }
  }

  private void checkPart(String key, PartitionFooter part, List<Finding> findings) {
    PartitionDraft rebuilt =
        new PartitionDraft(
            part.partition(), part.baseOffset(), part.compactedTo(), FooterBuilder.RUN_BYTES_MAX);
    boolean whole = true;
    for (Run run : part.runs()) {
      try {
        ByteBuffer bytes = read(key, run.position(), run.bytes());
        RunVerifier.verify(key, part.partition(), part.isCompacted(), run, bytes, 0);
        if (whole) {
          add(run, bytes, rebuilt);
        }
      } catch (ObjectCorruptException | IllegalArgumentException e) {
        whole = false;
        findings.add(
            Finding.damaged(
                key,
                new Range(part.partition(), run.baseOffset(), run.endOffset()),
                String.valueOf(e.getMessage())));
      }
    }
    if (whole && !rebuilt.build().equals(part)) {
      findings.add(
          Finding.damaged(key, range(part), "its footer does not say what the batches hold"));
    }
  }

  /**
   * @throws IllegalArgumentException if a batch does not follow the one before
   */
  private static void add(Run run, ByteBuffer bytes, PartitionDraft rebuilt) {
    for (int at = 0; at < run.bytes(); at += BatchHeader.sizeBytes(bytes, at)) {
      rebuilt.add(bytes, at, run.position() + at);
    }
  }

  /**
   * @throws ObjectCorruptException if it is shorter
   */
  private ByteBuffer read(String key, long position, int length) {
    try {
      return reads.read(key, position, length).join().slice();
    } catch (CompletionException e) {
      if (FailureCause.of(e) instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static Range range(PartitionFooter part) {
    return new Range(part.partition(), part.baseOffset(), part.endOffset());
  }
}
