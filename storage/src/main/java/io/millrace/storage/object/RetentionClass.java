package io.millrace.storage.object;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSortedMap;

/**
 * Topics whose records die at about the same time share objects: same cleanup policy, retention of
 * the same order of magnitude (as set on the topic; those that follow the broker's default are a
 * class of their own).
 */
record RetentionClass(String cleanupPolicy, int retention) implements Comparable<RetentionClass> {
  private static final int BROKER_DEFAULT = -2;
  private static final int FOR_EVER = -1;

  static RetentionClass of(MetadataImage image, Uuid topicId) {
    PSortedMap<String, String> configs = image.configs(ConfigScope.TOPIC, topicId.toString());
    String policy = Optional.ofNullable(configs.get("cleanup.policy")).orElse("");
    return new RetentionClass(policy, order(configs.get("retention.ms")));
  }

  private static int order(@Nullable String retentionMs) {
    if (retentionMs == null) {
      return BROKER_DEFAULT;
    }
    long ms = Long.parseLong(retentionMs.strip());
    return ms < 0 ? FOR_EVER : 64 - Long.numberOfLeadingZeros(ms);
  }

  @Override
  public int compareTo(RetentionClass o) {
    int c = cleanupPolicy.compareTo(o.cleanupPolicy);
    return c != 0 ? c : Integer.compare(retention, o.retention);
  }
}
