package io.millrace.broker.config;

import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Works out what a change of a resource's configs stores, with Kafka's checks and words. */
public final class ConfigChanges {
  private ConfigChanges() {}

  /** One asked for. */
  public record Change(String name, OpType operation, @Nullable String value) {}

  /** What becomes of a request. */
  public sealed interface Outcome {}

  /** To be stored; an empty value removes. Keys that keep their value are left out. */
  public record Changed(Map<String, Optional<String>> changes) implements Outcome {}

  /** Nothing is changed. */
  public record Refused(Errors error, String message) implements Outcome {}

  /** The kind of resource that is changed. */
  interface Domain {
    /** Null if there is no such key. */
    @Nullable ConfigKey<?> key(String name);

    /** The text that a list has before it is appended to. */
    String effectiveText(MetadataImage image, Map<String, String> stored, ConfigKey<?> key);

    /** Why the resource cannot have these configs; null if it can. */
    @Nullable Refused problem(MetadataImage image, Map<String, @Nullable String> configs);
  }

  /**
   * All changes to one resource, as one.
   *
   * @param before what is stored for it
   */
  static Outcome apply(
      Domain domain, MetadataImage image, Map<String, String> before, List<Change> asked) {
    Refused malformed = malformed(asked);
    if (malformed != null) {
      return malformed;
    }
    Map<String, @Nullable String> after = new LinkedHashMap<>(before);
    for (Change change : asked) {
      String value = change.value();
      if (value == null || change.operation() == OpType.DELETE) {
        after.remove(change.name());
      } else if (change.operation() == OpType.SET) {
        after.put(change.name(), value);
      } else {
        ConfigKey<?> key = domain.key(change.name());
        if (key == null || key.type() != ConfigType.LIST) {
          return new Refused(
              Errors.INVALID_CONFIG,
              "Can't "
                  + change.operation()
                  + " to key "
                  + change.name()
                  + " because its type is not LIST.");
        }
        String text = domain.effectiveText(image, before, key);
        after.put(change.name(), edited(text, change.operation(), value));
      }
    }
    Refused problem = domain.problem(image, after);
    return problem == null ? new Changed(difference(before, after)) : problem;
  }

  private static @Nullable Refused malformed(List<Change> asked) {
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
    return nulls.isEmpty()
        ? null
        : new Refused(
            Errors.INVALID_REQUEST, "Null value not supported for : " + String.join(",", nulls));
  }

  private static String edited(String text, OpType operation, String value) {
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
