package io.millrace.coordinator;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the shards of all partitions of a topic loaded that this broker leads, though nobody asks
 * for them: what a coordinator has half done goes on after a takeover, and what has its time ends
 * in time. Any thread may call; works on its loop.
 */
public final class ShardKeeper implements AutoCloseable {
  /** How long a shard that ended or could not be loaded may be missing. */
  private static final long CHECK_NS = TimeUnit.SECONDS.toNanos(1);

  private final EventLoop loop;
  private final MetadataLog metadata;
  private final String topic;
  private final ShardRegistry<?> shards;
  private volatile boolean closed;

  public ShardKeeper(EventLoop loop, MetadataLog metadata, String topic, ShardRegistry<?> shards) {
    this.loop = loop;
    this.metadata = metadata;
    this.topic = topic;
    this.shards = shards;
  }

  public void start() {
    metadata.addListener((before, after) -> {
      if (!closed && !before.sameTopics(after)) {
        loop.execute(this::load);
      }
    });
    loop.execute(this::check);
  }

  private void check() {
    load();
    if (!closed) {
      loop.schedule(CHECK_NS, this::check);
    }
  }

  private void load() {
    MetadataImage image = metadata.image();
    MetadataImage.Topic kept = image.topic(topic);
    if (closed || kept == null) {
      return;
    }
    for (int p = 0; p < kept.partitions().size(); p++) {
      boolean ours =
          kept.partitions().get(p).leader().filter(metadata.writer()::equals).isPresent();
      if (ours) {
        var unused = shards.shard(new PartitionId(kept.id(), p)); // one that fails is tried again
      }
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
