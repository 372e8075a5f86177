package io.millrace.broker;

import io.millrace.broker.config.CleanerKeys;
import io.millrace.broker.config.LiveConfig;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.broker.config.TopicSettings;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.metadata.MetadataImage;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * Which topics are compacted, by their cleanup policy. What Kafka would have in a closed segment is
 * compacted even if nothing else calls for it to leave the log.
 */
record TopicCompaction(TopicConfigs configs, LiveConfig live) implements CompactionRules {
  @Override
  public Optional<Rule> rule(MetadataImage image, Uuid topicId) {
    if (!live.get(CleanerKeys.ENABLE)) {
      return Optional.empty();
    }
    TopicSettings settings = configs.settings(image, topicId);
    return settings.compact()
        ? Optional.of(
            new Rule(
                settings.minCleanableDirtyRatio(),
                settings.minCompactionLagMs(),
                settings.maxCompactionLagMs(),
                settings.deleteRetentionMs(),
                settings.segmentMs(),
                settings.segmentBytes()))
        : Optional.empty();
  }

  @Override
  public long intervalMs() {
    return live.get(CleanerKeys.BACKOFF_MS);
  }

  @Override
  public long keyBytesMax() {
    return live.get(CleanerKeys.DEDUPE_BUFFER_SIZE);
  }
}
