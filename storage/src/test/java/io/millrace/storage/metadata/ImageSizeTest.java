package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataRecord.CheckpointEntry;
import io.millrace.storage.metadata.MetadataRecord.CheckpointTaken;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** What the image costs with very many partitions does not grow with what has passed over them. */
class ImageSizeTest {
  private static final WriterId WRITER = new WriterId(1, 1);
  private static final int TOPICS = 10;
  private static final int PARTITIONS = 10_000;
  private static final int MERGES = 20_000;
  private static final int PER_LEVEL = 8;
  private static final int LEVELS = 4;

  private final ImageWorld world = new ImageWorld();
  private final List<List<String>> levels = new ArrayList<>();
  private long counter;
  private int merges;

  @Test
  void aHundredThousandPartitionsStayBelow64MegabytesAfter20000Merges() {
    world.applied(
        WRITER,
        new IncarnationRegistered(WRITER, 1, Optional.empty(), List.of(), Optional.empty(), "x"));
    for (int topic = 0; topic < TOPICS; topic++) {
      Uuid id = new Uuid(1, topic);
      world.applied(
          WRITER,
          new TopicCreated(
              id, "topic-" + topic, Collections.nCopies(PARTITIONS, List.of(1)), Map.of()));
      world.applied(
          WRITER,
          new CheckpointTaken(
              Keys.checkpoint(WRITER, counter++),
              1000,
              1,
              IntStream.range(0, PARTITIONS)
                  .mapToObj(p -> new CheckpointEntry(new PartitionId(id, p), 0, 1000))
                  .toList()));
    }
    Stream.generate(ArrayList<String>::new).limit(LEVELS + 1).forEach(levels::add);
    for (long file = 0; merges < MERGES; file++) {
      ObjectInfo log = object(Keys.wal(WRITER, file), 0);
      world.applied(WRITER, new WalPublished(WRITER, file - 1, file, List.of(log)));
      merge(List.of(log.key()), 1);
    }

    assertThat(world.image().objects()).hasSizeLessThan(LEVELS * (PER_LEVEL + 1));
    assertThat(SnapshotCodec.encode(world.image())).hasSizeLessThan(64 << 20);
  }

  /** As the planner does: what piles up on a level goes to the next. */
  private void merge(List<String> inputs, int level) {
    ObjectInfo output = object(Keys.data(WRITER, counter++), level);
    world.applied(WRITER, new ObjectsMerged(inputs, List.of(output), List.of()));
    merges++;
    List<String> present = levels.get(level);
    present.add(output.key());
    if (present.size() > PER_LEVEL) {
      List<String> all = List.copyOf(present);
      present.clear();
      merge(all, Math.min(LEVELS, level + 1));
    }
  }

  /** Shared by all partitions. */
  private static ObjectInfo object(String key, int level) {
    return new ObjectInfo(
        key,
        level,
        WRITER,
        1 << 20,
        1 << 19,
        1 << 19,
        7,
        new PartitionId(new Uuid(1, 0), 0),
        new PartitionId(new Uuid(1, TOPICS - 1), PARTITIONS - 1),
        0,
        1000);
  }
}
