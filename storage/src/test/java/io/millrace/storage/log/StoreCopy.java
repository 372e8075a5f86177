package io.millrace.storage.log;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.storage.Finding;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.check.StoreCheck;
import io.millrace.storage.log.TransactionHistory.Waiting;
import io.millrace.storage.metadata.MetadataCheck;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer;
import io.millrace.storage.object.FooterCodec;
import io.millrace.storage.wal.WalDump;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

/** A copy of a store, and which of its bytes matter. */
final class StoreCopy {
  final MemoryStore store = new MemoryStore();
  final boolean entryObjects;

  /** Bytes that somebody will read, of this partition if they are records. */
  record Region(String key, long from, long to, Optional<PartitionId> partition) {}

  StoreCopy(ObjectStore from, boolean entryObjects, Waiting waiting) {
    this.entryObjects = entryObjects;
    String after = "";
    boolean more = true;
    while (more && waiting.await(from.list("", after, 100)) instanceof ListOutcome.Keys page) {
      for (String key : page.keys()) {
        if (waiting.await(from.get(key, 1 << 30)) instanceof GetOutcome.Found(ByteBuffer body)) {
          store.putIfAbsent(key, body).join();
        }
        after = key;
      }
      more = page.more();
    }
  }

  List<Finding> check() {
    return new StoreCheck(store, entryObjects).run().findings();
  }

  List<String> keys(String prefix) {
    return ((ListOutcome.Keys) store.list(prefix, "", Integer.MAX_VALUE).join()).keys();
  }

  ByteBuffer body(String key) {
    return ((GetOutcome.Found) store.get(key, 1 << 30).join()).body();
  }

  void flip(String key, long bit) {
    ByteBuffer body = body(key);
    int at = (int) (bit / 8);
    body.put(at, (byte) (body.get(at) ^ (1 << (bit % 8))));
    replace(key, body);
  }

  void delete(String key) {
    store.delete(key).join();
  }

  void replace(String key, ByteBuffer body) {
    delete(key);
    store.putIfAbsent(key, body).join();
  }

  List<Region> live() {
    MetadataCheck.Checked metadata = new MetadataCheck(store).run();
    MetadataImage image = metadata.image().orElseThrow();
    List<Region> live = new ArrayList<>();
    keys(Keys.META_BOUNDARY).forEach(key -> live.add(whole(key)));
    long replaced = image.entryNumber() - metadata.entries();
    keys(Keys.META_LOG).stream()
        .filter(key -> Keys.number(key) > replaced)
        .forEach(key -> live.add(whole(key)));
    List<String> boundaries = keys(Keys.META_BOUNDARY);
    if (!boundaries.isEmpty()) {
      String newest = ISO_8859_1.decode(body(boundaries.getLast())).toString();
      keys(Keys.META_SNAPSHOT).stream().filter(newest::contains).forEach(k -> live.add(whole(k)));
    }
    image.objects().values().forEach(object -> live.addAll(live(object)));
    TreeSet<String> checkpoints = new TreeSet<>();
    image
        .topics()
        .values()
        .forEach(topic ->
            topic
                .partitions()
                .forEach(p -> p.checkpoint().ifPresent(c -> checkpoints.add(c.key()))));
    checkpoints.forEach(key -> live.add(whole(key)));
    image
        .topics()
        .values()
        .forEach(topic -> {
          for (int p = 0; p < topic.partitions().size(); p++) {
            live.addAll(logged(image, new PartitionId(topic.id(), p)));
          }
        });
    keys(Keys.FENCE).forEach(key -> live.add(whole(key)));
    if (entryObjects) {
      image.ended().forEach((writer, end) -> live.add(whole(Keys.wal(writer, end + 1))));
    }
    return live;
  }

  /** Whether the image, or a boundary, says that there is such an object. */
  boolean isNamed(String key) {
    MetadataImage image = new MetadataCheck(store).run().image().orElseThrow();
    return image.objects().containsKey(key)
        || List.of(Keys.CHECKPOINT, Keys.META_SNAPSHOT, Keys.FENCE).stream()
            .anyMatch(key::startsWith)
        || (key.startsWith(Keys.WAL) && image.ended().containsKey(Keys.writer(key)));
  }

  private List<Region> live(ObjectInfo object) {
    List<Region> live = new ArrayList<>();
    ByteBuffer body = body(object.key());
    int at = (int) object.footerPosition();
    live.add(new Region(object.key(), at, at + object.footerBytes(), Optional.empty()));
    Footer footer = FooterCodec.decode(object.key(), body.slice(at, object.footerBytes()));
    footer
        .partitions()
        .forEach(part ->
            part.runs()
                .forEach(run ->
                    live.add(
                        new Region(
                            object.key(),
                            run.position(),
                            run.endPosition(),
                            Optional.of(part.partition())))));
    return live;
  }

  private List<Region> logged(MetadataImage image, PartitionId id) {
    return new WalDump(store)
        .run(image, id).stream()
            .map(found ->
                new Region(
                    found.key(),
                    found.position(),
                    found.position() + found.bytes().limit(),
                    Optional.of(id)))
            .toList();
  }

  private Region whole(String key) {
    return new Region(key, 0, Objects.requireNonNull(body(key)).limit(), Optional.empty());
  }
}
