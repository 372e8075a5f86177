package io.millrace.coordinator.group;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.pcollections.PSortedMap;

/** Images of topics, made by component, so that what else an image holds does not matter here. */
final class TestImages {
  /** Nobody's. */
  static final Partition PARTITION = make(Partition.class, Map.of());

  private TestImages() {}

  static MetadataImage withTopics(
      MetadataImage image, PSortedMap<Uuid, Topic> topics, PSortedMap<String, Uuid> ids) {
    Map<String, Object> values = new HashMap<>();
    for (RecordComponent component : MetadataImage.class.getRecordComponents()) {
      try {
        values.put(component.getName(), component.getAccessor().invoke(image));
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("MetadataImage", e);
      }
    }
    values.put("entryNumber", image.entryNumber() + 1);
    values.put("topics", topics);
    values.put("topicIds", ids);
    return make(MetadataImage.class, values);
  }

  /** What is not given is zero, absent or empty. */
  private static <R extends Record> R make(Class<R> type, Map<String, Object> values) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    Object[] arguments =
        Arrays.stream(components)
            .map(each -> values.getOrDefault(each.getName(), nothing(each.getType())))
            .toArray();
    try {
      return type.getDeclaredConstructor(types).newInstance(arguments);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(type.getName(), e);
    }
  }

  private static Object nothing(Class<?> type) {
    if (type == int.class) {
      return 0;
    }
    if (type == long.class) {
      return 0L;
    }
    return type == Optional.class ? Optional.empty() : List.of();
  }
}
