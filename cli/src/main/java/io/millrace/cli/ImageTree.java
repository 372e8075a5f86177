package io.millrace.cli;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.ConfigResource;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * An image as a tree of maps for people and programs to browse: maps of names, lists, strings and
 * numbers. Names are those of the image's own records.
 */
final class ImageTree {
  private static final int NAMED_MAX = 20;

  private final MetadataImage image;

  private ImageTree(MetadataImage image) {
    this.image = image;
  }

  static Map<String, Object> of(MetadataImage image) {
    return new ImageTree(image).root();
  }

  /**
   * What stands at a path.
   *
   * @param path names with "/" between; one with a "/" in it, such as the key of an object, is
   *     found too
   * @throws IllegalArgumentException if there is none; says what there is instead
   */
  static Object at(Map<String, Object> tree, String path) {
    Object node = tree;
    String rest = path.replaceAll("^/+|/+$", "");
    String before = "/";
    while (!rest.isEmpty()) {
      if (!(node instanceof Map<?, ?> names)) {
        throw new IllegalArgumentException(before + " has nothing below it");
      }
      String name = longestName(names, rest);
      if (name == null) {
        throw new IllegalArgumentException(
            "there is no '%s' in %s, which has: %s".formatted(rest, before, some(names)));
      }
      node = Objects.requireNonNull(names.get(name));
      before = before.equals("/") ? "/" + name : before + "/" + name;
      rest = rest.substring(Math.min(rest.length(), name.length() + 1));
    }
    return node;
  }

  private static @Nullable String longestName(Map<?, ?> names, String path) {
    for (int end = path.length(); end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (names.containsKey(path.substring(0, end))) {
        return path.substring(0, end);
      }
    }
    return null;
  }

  private static String some(Map<?, ?> names) {
    String shown =
        String.join(", ", names.keySet().stream().limit(NAMED_MAX).map(String::valueOf).toList());
    return names.size() > NAMED_MAX
        ? "%s and %d more".formatted(shown, names.size() - NAMED_MAX)
        : shown;
  }

  private Map<String, Object> root() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("entry", image.entryNumber());
    root.put("entryHash", "%016x".formatted(image.entryHash()));
    root.put("clusterId", image.clusterId().map(Uuid::toString).orElse(""));
    root.put("formatVersion", image.formatVersion());
    root.put("features", new LinkedHashMap<>(image.features()));
    root.put("nextProducerId", image.nextProducerId());
    root.put("nextBrokerEpoch", image.nextBrokerEpoch());
    root.put("brokers", named(image.brokers(), WriterId::toString));
    root.put("unregisteredBrokers", List.copyOf(image.unregistered()));
    root.put("incarnations", named(image.incarnations(), this::incarnation));
    root.put("endedIncarnations", named(image.ended(), last -> last));
    Map<String, Object> topics = new LinkedHashMap<>();
    image.topicIds().forEach((name, id) -> topics.put(name, topic(image.topics().get(id))));
    root.put("topics", topics);
    root.put("configs", configs());
    root.put("quotas", named(image.quotas(), LinkedHashMap::new));
    root.put("objects", named(image.objects(), this::object));
    return root;
  }

  private interface Rendering<V> {
    Object of(V value);
  }

  private static <K, V> Map<String, Object> named(Map<K, V> values, Rendering<V> rendering) {
    Map<String, Object> named = new LinkedHashMap<>();
    values.forEach((key, value) -> named.put(key.toString(), rendering.of(value)));
    return named;
  }

  private Map<String, Object> incarnation(Incarnation of) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("nodeId", of.nodeId());
    tree.put("brokerEpoch", of.brokerEpoch());
    tree.put("state", of.state().name());
    tree.put(
        "endpoints",
        of.endpoints().stream()
            .map(e ->
                "%s://%s:%d (%s)".formatted(e.listener(), e.host(), e.port(), e.securityProtocol()))
            .toList());
    tree.put("rack", of.rack().orElse(""));
    tree.put("version", of.version());
    tree.put("trim", of.trim());
    tree.put("endSequence", of.endSequence());
    tree.put("publishedCounter", of.publishedCounter());
    tree.put("lastCommand", of.lastCommand());
    tree.put("uploadFloor", of.uploadFloor());
    return tree;
  }

  private Map<String, Object> topic(@Nullable Topic of) {
    Map<String, Object> tree = new LinkedHashMap<>();
    if (of == null) {
      return tree;
    }
    tree.put("id", of.id().toString());
    tree.put("configs", new LinkedHashMap<>(image.configs(ConfigScope.TOPIC, of.id().toString())));
    Map<String, Object> partitions = new LinkedHashMap<>();
    for (int p = 0; p < of.partitions().size(); p++) {
      partitions.put(String.valueOf(p), partition(of, p));
    }
    tree.put("partitions", partitions);
    return tree;
  }

  private Map<String, Object> partition(Topic topic, int number) {
    Partition of = topic.partitions().get(number);
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("leader", node(of.leader()));
    tree.put("lastLeader", of.lastLeader().map(WriterId::toString).orElse(""));
    tree.put("leaderEpoch", of.leaderEpoch());
    tree.put("partitionEpoch", of.partitionEpoch());
    tree.put("logStart", of.logStart());
    tree.put("replicas", of.replicas());
    of.targetLeader().ifPresent(target -> tree.put("targetLeader", target));
    if (!of.replicasBefore().isEmpty()) {
      tree.put("replicasBefore", of.replicasBefore());
    }
    of.checkpoint()
        .ifPresent(checkpoint -> {
          Map<String, Object> named = new LinkedHashMap<>();
          named.put("key", checkpoint.key());
          named.put("end", checkpoint.end());
          named.put("sizeBytes", checkpoint.sizeBytes());
          tree.put("checkpoint", named);
        });
    return tree;
  }

  /** Its node id; -1 while nobody leads. */
  private int node(Optional<WriterId> leader) {
    return leader.map(image.incarnations()::get).map(Incarnation::nodeId).orElse(-1);
  }

  private Map<String, Object> configs() {
    Map<String, Object> scopes = new LinkedHashMap<>();
    image
        .configs()
        .forEach((ConfigResource resource, Map<String, String> values) -> {
          @SuppressWarnings("unchecked") // made here
          Map<String, Object> names =
              (Map<String, Object>)
                  scopes.computeIfAbsent(resource.scope().name(), _ -> new LinkedHashMap<>());
          names.put(
              resource.name().isEmpty() ? "(default)" : resource.name(),
              new LinkedHashMap<>(values));
        });
    return scopes;
  }

  private Map<String, Object> object(ObjectInfo of) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("level", of.level());
    tree.put("writer", of.writer().toString());
    tree.put("sizeBytes", of.sizeBytes());
    tree.put("footerBytes", of.footerBytes());
    tree.put("firstPartition", name(of.first().topicId()) + "-" + of.first().partition());
    tree.put("lastPartition", name(of.last().topicId()) + "-" + of.last().partition());
    if (of.ofOnePartition()) {
      tree.put("firstOffset", of.firstOffset());
      tree.put("endOffset", of.endOffset());
    }
    return tree;
  }

  /** Of a topic that is gone, its id. */
  private String name(Uuid topicId) {
    Topic topic = image.topic(topicId);
    return topic == null ? topicId.toString() : topic.name();
  }
}
