package io.millrace.coordinator.group.consumer;

import io.millrace.storage.metadata.MetadataImage;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** One member of a consumer group, as its records describe it. Immutable. */
public record ConsumerMember(String id, MemberMetadata metadata, CurrentAssignment current) {
  public boolean isClassic() {
    return metadata.classic().isPresent();
  }

  public int epoch() {
    return current.epoch();
  }

  /** What it has, by the names of topics that still exist. */
  public Map<String, Set<Integer>> assignedByName(MetadataImage image) {
    Map<String, Set<Integer>> named = new TreeMap<>();
    current
        .partitions()
        .forEach((id, numbers) -> {
          MetadataImage.Topic topic = image.topic(id);
          if (topic != null) {
            named.put(topic.name(), numbers);
          }
        });
    return named;
  }
}
