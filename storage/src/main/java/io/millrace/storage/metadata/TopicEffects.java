package io.millrace.storage.metadata;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.ConfigResource;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
import io.millrace.storage.metadata.MetadataRecord.PartitionsAdded;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSortedMap;
import org.pcollections.TreePMap;
import org.pcollections.TreePVector;

/** Topics come and go by id (invariant I10); their configs go with them. */
final class TopicEffects {
  private TopicEffects() {}

  static @Nullable String created(ImageDraft draft, TopicCreated r) {
    if (draft.topicIds.containsKey(r.name())) {
      return "topic '%s' exists".formatted(r.name());
    }
    if (draft.topics.containsKey(r.topicId())) {
      return "topic id %s is in use".formatted(r.topicId());
    }
    if (r.replicas().isEmpty()) {
      return "a topic has at least one partition";
    }
    draft.topics =
        draft.topics.plus(
            r.topicId(),
            new Topic(r.topicId(), r.name(), TreePVector.from(partitions(draft, r.replicas(), 0))));
    draft.topicIds = draft.topicIds.plus(r.name(), r.topicId());
    if (!r.configs().isEmpty()) {
      draft.configs =
          draft.configs.plus(resource(r.topicId()), TreePMap.from(new TreeMap<>(r.configs())));
    }
    return null;
  }

  static @Nullable String deleted(ImageDraft draft, TopicDeleted r) {
    Topic topic = draft.topics.get(r.topicId());
    if (topic == null) {
      return gone(r.topicId());
    }
    draft.topics = draft.topics.minus(topic.id());
    draft.topicIds = draft.topicIds.minus(topic.name());
    draft.configs = draft.configs.minus(resource(topic.id()));
    return null;
  }

  static @Nullable String partitionsAdded(ImageDraft draft, PartitionsAdded r) {
    Topic topic = draft.topics.get(r.topicId());
    if (topic == null) {
      return gone(r.topicId());
    }
    int present = topic.partitions().size();
    if (present != r.partitionsBefore() || r.replicas().isEmpty()) {
      return "topic '%s' has %d partitions, not %d"
          .formatted(topic.name(), present, r.partitionsBefore());
    }
    draft.topics =
        draft.topics.plus(topic.id(), topic.plus(partitions(draft, r.replicas(), present)));
    return null;
  }

  static @Nullable String configsChanged(ImageDraft draft, ConfigsChanged r) {
    if (r.scope() == ConfigScope.TOPIC && !draft.topics.containsKey(Uuid.fromString(r.name()))) {
      return gone(Uuid.fromString(r.name()));
    }
    ConfigResource resource = new ConfigResource(r.scope(), r.name());
    PSortedMap<String, String> stored = draft.configs.getOrDefault(resource, TreePMap.empty());
    for (Map.Entry<String, Optional<String>> relied : r.before().entrySet()) {
      if (!Optional.ofNullable(stored.get(relied.getKey())).equals(relied.getValue())) {
        return "config '%s' of %s has changed".formatted(relied.getKey(), r.name());
      }
    }
    for (Map.Entry<String, Optional<String>> change : r.changes().entrySet()) {
      stored =
          change.getValue().isPresent()
              ? stored.plus(change.getKey(), change.getValue().get())
              : stored.minus(change.getKey());
    }
    draft.configs =
        stored.isEmpty() ? draft.configs.minus(resource) : draft.configs.plus(resource, stored);
    return null;
  }

  private static List<Partition> partitions(
      ImageDraft draft, List<List<Integer>> replicas, int firstNumber) {
    List<Partition> partitions = new ArrayList<>(replicas.size());
    for (List<Integer> each : replicas) {
      int node = PartitionEffects.firstLive(draft, each, firstNumber + partitions.size());
      Optional<WriterId> leader = Optional.ofNullable(draft.brokers.get(node));
      partitions.add(
          new Partition(
              leader,
              leader,
              0,
              0,
              0,
              List.copyOf(each),
              Optional.empty(),
              List.of(),
              Optional.empty()));
    }
    return partitions;
  }

  private static ConfigResource resource(Uuid topicId) {
    return new ConfigResource(ConfigScope.TOPIC, topicId.toString());
  }

  private static String gone(Uuid topicId) {
    return "topic %s does not exist".formatted(topicId);
  }
}
