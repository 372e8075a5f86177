package io.millrace.broker.config;

import io.millrace.broker.config.TopicKeys.TopicKey;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Works out what IncrementalAlterConfigs does to a topic, with Kafka's checks, errors and words.
 */
public final class TopicConfigChanges {
  private final TopicConfigs configs;

  public TopicConfigChanges(TopicConfigs configs) {
    this.configs = configs;
  }

  /** One asked for. */
  public record Change(String name, OpType operation, @Nullable String value) {}

  /** What becomes of a request. */
  public sealed interface Outcome {}

  /** To be stored; an empty value removes. Keys that keep their value are left out. */
  public record Changed(Map<String, Optional<String>> changes) implements Outcome {}

  /** Nothing is changed. */
  public record Refused(Errors error, String message) implements Outcome {}

  /** All changes to a topic of the image, as one. */
  public Outcome apply(MetadataImage image, Uuid topicId, List<Change> asked) {
    Set<String> names = new HashSet<>();
    List<String> nulls = new ArrayList<>();
    for (Change change : asked) {
      if (!names.add(change.name())) {
        return new Refused(Errors.INVALID_REQUEST, "Error due to duplicate config keys");
      }
      if (change.value() == null && change.operation() != OpType.DELETE) {
        nulls.add(change.name());
      }
    }
    if (!nulls.isEmpty()) {
      return new Refused(
          Errors.INVALID_REQUEST, "Null value not supported for : " + String.join(",", nulls));
    }
    Map<String, String> before = image.configs(ConfigScope.TOPIC, topicId.toString());
    Map<String, @Nullable String> after = new LinkedHashMap<>(before);
    for (Change change : asked) {
      String value = change.value();
      if (value == null || change.operation() == OpType.DELETE) {
        after.remove(change.name());
      } else if (change.operation() == OpType.SET) {
        after.put(change.name(), value);
      } else {
        TopicKey<?> key = TopicKeys.find(change.name());
        if (key == null || key.key().type() != ConfigType.LIST) {
          return new Refused(
              Errors.INVALID_CONFIG,
              "Can't "
                  + change.operation()
                  + " to key "
                  + change.name()
                  + " because its type is not LIST.");
        }
        after.put(change.name(), edited(image, before, key, change.operation(), value));
      }
    }
    String problem = configs.problem(after);
    return problem == null
        ? new Changed(difference(before, after))
        : new Refused(Errors.INVALID_CONFIG, problem);
  }

  private String edited(
      MetadataImage image,
      Map<String, String> before,
      TopicKey<?> key,
      OpType operation,
      String value) {
    String text = configs.effectiveText(image, before, key);
    List<String> elements =
        text.isEmpty() ? new ArrayList<>() : new ArrayList<>(Arrays.asList(text.split(",", -1)));
    for (String element : value.split(",", -1)) {
      if (operation == OpType.SUBTRACT) {
        elements.remove(element);
      } else if (!elements.contains(element)) {
        elements.add(element);
      }
    }
    return String.join(",", elements);
  }

  private static Map<String, Optional<String>> difference(
      Map<String, String> before, Map<String, @Nullable String> after) {
    Map<String, Optional<String>> changes = new LinkedHashMap<>();
    for (String name : before.keySet()) {
      if (!after.containsKey(name)) {
        changes.put(name, Optional.empty());
      }
    }
    after.forEach((name, value) -> {
      if (value != null && !value.equals(before.get(name))) {
        changes.put(name, Optional.of(value));
      }
    });
    return changes;
  }
}
