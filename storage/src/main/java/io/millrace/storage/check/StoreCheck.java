package io.millrace.storage.check;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.Finding;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.StoredKeys;
import io.millrace.storage.WriterId;
import io.millrace.storage.check.OffsetsCheck.Held;
import io.millrace.storage.metadata.MetadataCheck;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.CheckpointCheck;
import io.millrace.storage.object.ObjectAbsentException;
import io.millrace.storage.object.ObjectCheck;
import io.millrace.storage.wal.SealCodec;
import io.millrace.storage.wal.WalCheck;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * Proves a store, whether brokers run on it or not: the metadata log, every listed object and
 * checkpoint, what write-ahead logs hold besides, and that together they have every offset of every
 * partition. Reads all of it; writes nothing. Blocks; one thread. Memory: the image, and a range of
 * offsets for each part of each object.
 */
public final class StoreCheck {
  /** Of a store that is being written; only what is new is read again. */
  private static final int LOOKS_MAX = 10;

  private final ObjectStore store;
  private final boolean entryObjects;
  private final ObjectCheck objects;

  /** Of every object that was read, in an image or another. */
  private final Map<String, ObjectCheck.Checked> checked = new HashMap<>();

  /**
   * @param entryObjects whether brokers share the store, so that each entry of a log is an object
   */
  public StoreCheck(ObjectStore store, boolean entryObjects) {
    this.store = store;
    this.entryObjects = entryObjects;
    this.objects = new ObjectCheck(store);
  }

  /**
   * What was found.
   *
   * @param image that it was checked against; empty if the metadata log does not give one
   * @param metadataEntries behind the newest boundary
   * @param objects listed
   * @param bytes read of objects
   * @param logEntries that are not published
   * @param unlisted objects of which the image says nothing: on their way, or left to the collector
   */
  public record Report(
      Optional<MetadataImage> image,
      int metadataEntries,
      int objects,
      long bytes,
      long logEntries,
      long unlisted,
      List<Finding> findings) {}

  public Report run() {
    for (int looks = 1; ; looks++) {
      Look look = new Look(new MetadataCheck(store).run());
      Report report = look.run();
      if (look.image.isEmpty() || stands(look.image.get())) {
        return report;
      }
      if (looks == LOOKS_MAX) {
        report
            .findings()
            .add(
                Finding.note(
                    "", "the store was changing all the while: what is missing may not be"));
        return report;
      }
    }
  }

  /** Whether what is listed, and from where on logs are read, is as before. */
  private boolean stands(MetadataImage image) {
    Optional<MetadataImage> newest = new MetadataCheck(store).run().image();
    return newest.isPresent()
        && newest.get().objects().equals(image.objects())
        && published(newest.get()).equals(published(image));
  }

  private static Map<WriterId, Long> published(MetadataImage image) {
    Map<WriterId, Long> published = new HashMap<>();
    image.incarnations().values().forEach(i -> published.put(i.writer(), i.publishedCounter()));
    return published;
  }

  /** One look at everything. */
  private final class Look {
    final Optional<MetadataImage> image;
    private final MetadataCheck.Checked metadata;
    private final List<Finding> findings;
    private final Map<PartitionId, List<Held>> held = new TreeMap<>();
    private long logEntries;
    private long bytes;

    Look(MetadataCheck.Checked metadata) {
      this.metadata = metadata;
      this.image = metadata.image();
      this.findings = new ArrayList<>(metadata.findings());
    }

    Report run() {
      long unlisted = 0;
      if (image.isPresent()) {
        image.get().objects().values().forEach(this::read);
        image.get().incarnations().values().stream()
            .filter(each -> each.state() != IncarnationState.RECOVERED)
            .forEach(this::readLog);
        checkCheckpoints(image.get());
        checkOffsets(image.get());
        if (entryObjects) {
          checkEnds(image.get());
        }
        unlisted = countUnlisted(image.get());
      }
      return new Report(
          image,
          metadata.entries(),
          image.map(i -> i.objects().size()).orElse(0),
          bytes,
          logEntries,
          unlisted,
          findings);
    }

    private void read(ObjectInfo object) {
      ObjectCheck.Checked found = checked.get(object.key());
      if (found == null) {
        try {
          found = objects.run(object);
        } catch (ObjectAbsentException _) {
          findings.add(
              Finding.missing(
                  object.key(),
                  "it is listed, with partitions %s to %s"
                      .formatted(object.first(), object.last())));
          return;
        }
        checked.put(object.key(), found);
      }
      bytes += found.bytes();
      findings.addAll(found.findings());
      found.spokenFor().forEach(range -> hold(new Held(object.key(), range, true)));
    }

    private void readLog(Incarnation of) {
      WalCheck.Checked found = new WalCheck(store, of, entryObjects).run();
      logEntries += found.entries();
      findings.addAll(found.findings());
      String key = Keys.walPrefix(of.writer());
      found.ranges().forEach(range -> hold(new Held(key, range, false)));
    }

    private void hold(Held each) {
      held.computeIfAbsent(each.range().partition(), _ -> new ArrayList<>()).add(each);
    }

    private void checkCheckpoints(MetadataImage of) {
      CheckpointCheck checkpoints = new CheckpointCheck(store);
      forEachPartition(
          of,
          (id, partition) -> partition.checkpoint().ifPresent(named -> checkpoints.run(id, named)));
      findings.addAll(checkpoints.findings());
    }

    private void checkOffsets(MetadataImage of) {
      forEachPartition(
          of,
          (id, partition) ->
              findings.addAll(OffsetsCheck.run(id, partition, held.getOrDefault(id, List.of()))));
    }

    /** What keeps brokers that are over from writing on stays for ever. */
    private void checkEnds(MetadataImage of) {
      Map<WriterId, Long> ends = new TreeMap<>(of.ended());
      of.incarnations().values().stream()
          .filter(each -> each.state() == IncarnationState.RECOVERED)
          .forEach(each -> ends.put(each.writer(), each.endSequence()));
      ends.forEach((writer, end) -> {
        checkBytes(Keys.fence(writer), SealCodec.fence(writer));
        checkBytes(Keys.wal(writer, end + 1), SealCodec.seal(writer, end + 1));
      });
    }

    private void checkBytes(String key, ByteBuffer expected) {
      Optional<ByteBuffer> found = StoredKeys.get(store, key, expected.remaining() + 1);
      if (found.isEmpty()) {
        findings.add(Finding.missing(key, "it keeps a broker that is over from writing on"));
      } else if (!found.get().equals(expected)) {
        findings.add(Finding.damaged(key, "it is not what was put there"));
      }
    }

    private long countUnlisted(MetadataImage of) {
      Set<String> listed = new HashSet<>(of.objects().keySet());
      forEachPartition(
          of, (_, partition) -> partition.checkpoint().ifPresent(named -> listed.add(named.key())));
      long[] unlisted = {0};
      StoredKeys.forEach(
          store,
          "",
          key -> {
            if (!Keys.isWellFormed(key)) {
              findings.add(Finding.note(key, "it is nothing of Millrace's, and is left alone"));
            } else if ((key.startsWith(Keys.DATA) || key.startsWith(Keys.CHECKPOINT))
                && !listed.contains(key)) {
              unlisted[0]++;
            }
          });
      return unlisted[0];
    }
  }

  private static void forEachPartition(
      MetadataImage image, BiConsumer<PartitionId, Partition> each) {
    for (Topic topic : image.topics().values()) {
      for (int i = 0; i < topic.partitions().size(); i++) {
        each.accept(new PartitionId(topic.id(), i), topic.partitions().get(i));
      }
    }
  }
}
