package io.millrace.broker;

import io.millrace.broker.config.LiveConfig;
import io.millrace.broker.config.LogKeys;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.broker.config.TopicSettings;
import io.millrace.storage.log.RetentionRules;
import io.millrace.storage.metadata.MetadataImage;
import org.apache.kafka.common.Uuid;

/** How long topics keep their records, by their cleanup policy and retention. */
record TopicRetention(TopicConfigs configs, LiveConfig live) implements RetentionRules {
  @Override
  public Limits limits(MetadataImage image, Uuid topicId) {
    TopicSettings settings = configs.settings(image, topicId);
    return settings.delete()
        ? new Limits(settings.retentionMs(), settings.retentionBytes())
        : Limits.NONE;
  }

  @Override
  public long intervalMs() {
    return live.get(LogKeys.RETENTION_CHECK_INTERVAL_MS);
  }
}
