package io.millrace.storage.metadata;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.Finding;
import io.millrace.storage.Keys;
import io.millrace.storage.StoredKeys;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Proves a metadata log: every boundary is there and whole, the snapshot that the newest one names
 * is, and so are the entries behind it, each following the one before. For tools; blocks.
 */
public final class MetadataCheck {
  /** Of one look at a log that is being written. */
  private static final int LOOKS_MAX = 10;

  private final ObjectStore store;

  public MetadataCheck(ObjectStore store) {
    this.store = store;
  }

  /**
   * What was found.
   *
   * @param image the newest that could be proven; empty if there is none
   * @param whole whether it is that of the last entry
   * @param entries read behind the newest boundary
   */
  public record Checked(
      Optional<MetadataImage> image, boolean whole, int entries, List<Finding> findings) {}

  /**
   * @throws NewerVersionException if it was written by a newer version of this program
   */
  public Checked run() {
    Checked checked = look();
    for (int looks = 1; looks < LOOKS_MAX && !checked.findings().isEmpty(); looks++) {
      // what is missing may have been replaced meanwhile, but then there is another boundary
      long before = newestBoundary();
      Checked again = look();
      if (before == newestBoundary()) {
        return again;
      }
      checked = again;
    }
    return checked;
  }

  private long newestBoundary() {
    return numbers(Keys.META_BOUNDARY).stream().reduce(0L, Math::max);
  }

  private NavigableSet<Long> numbers(String prefix) {
    NavigableSet<Long> numbers = new TreeSet<>();
    StoredKeys.forEach(
        store,
        prefix,
        key -> {
          if (Keys.isWellFormed(key)) {
            numbers.add(Keys.number(key));
          }
        });
    return numbers;
  }

  private Checked look() {
    List<Finding> findings = new ArrayList<>();
    NavigableSet<Long> boundaries = numbers(Keys.META_BOUNDARY);
    Boundary newest = null;
    boolean whole = true;
    for (long number = 1; !boundaries.isEmpty() && number <= boundaries.last(); number++) {
      newest = boundary(number, findings);
      whole &= newest != null;
    }
    MetadataImage image = MetadataImage.EMPTY;
    if (!boundaries.isEmpty()) {
      image = newest == null ? null : snapshot(newest, findings);
      if (image == null) {
        return new Checked(Optional.empty(), false, 0, findings);
      }
    }
    return entries(image, whole, findings);
  }

  private @Nullable Boundary boundary(long number, List<Finding> findings) {
    String key = Keys.boundary(number);
    Optional<ByteBuffer> body = StoredKeys.get(store, key, Boundary.BYTES_MAX);
    if (body.isEmpty()) {
      findings.add(Finding.missing(key, "boundaries are never deleted, and there are later ones"));
      return null;
    }
    try {
      return Boundary.decode(number, body.get());
    } catch (MetadataCorruptException e) {
      findings.add(Finding.damaged(key, String.valueOf(e.getMessage())));
      return null;
    }
  }

  private @Nullable MetadataImage snapshot(Boundary boundary, List<Finding> findings) {
    String key = boundary.snapshotKey();
    Optional<ByteBuffer> body = StoredKeys.get(store, key, SnapshotCodec.BYTES_MAX);
    if (body.isEmpty()) {
      findings.add(
          Finding.missing(
              key, "the image that %s names".formatted(Keys.boundary(boundary.number()))));
      return null;
    }
    try {
      if (body.get().remaining() != boundary.snapshotBytes()) {
        throw new MetadataCorruptException(
            "%s is corrupt: it has %d bytes, not %d"
                .formatted(key, body.get().remaining(), boundary.snapshotBytes()));
      }
      return MetadataObjects.checked(boundary, SnapshotCodec.decode(key, body.get()));
    } catch (MetadataCorruptException e) {
      findings.add(Finding.damaged(key, String.valueOf(e.getMessage())));
      return null;
    }
  }

  /** Those that the boundary has replaced are the collector's, and nobody reads them. */
  private Checked entries(MetadataImage at, boolean whole, List<Finding> findings) {
    MetadataImage image = at;
    int count = 0;
    for (long _ : numbers(Keys.META_LOG).tailSet(at.entryNumber(), false)) {
      StoredEntry next = entry(image.entryNumber() + 1, findings);
      if (next != null && next.entry().predecessorHash() != image.entryHash()) {
        findings.add(
            Finding.damaged(
                Keys.metaEntry(image.entryNumber() + 1), "it does not follow the entry before"));
        next = null;
      }
      if (next == null) {
        findings.add(
            Finding.note(
                Keys.metaEntry(image.entryNumber()),
                "everything else was checked as of this entry"));
        return new Checked(Optional.of(image), false, count, findings);
      }
      image = ImageDraft.apply(image, next.entry(), next.hash());
      count++;
    }
    return new Checked(Optional.of(image), whole, count, findings);
  }

  private @Nullable StoredEntry entry(long number, List<Finding> findings) {
    String key = Keys.metaEntry(number);
    Optional<ByteBuffer> body = StoredKeys.get(store, key, EntryCodec.BYTES_MAX);
    if (body.isEmpty()) {
      findings.add(Finding.missing(key, "there are later entries"));
      return null;
    }
    try {
      byte[] bytes = new byte[body.get().remaining()];
      body.get().get(bytes);
      return StoredEntry.decode(number, bytes);
    } catch (MetadataCorruptException e) {
      findings.add(Finding.damaged(key, String.valueOf(e.getMessage())));
      return null;
    }
  }
}
