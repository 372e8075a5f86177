package io.millrace.storage.metadata;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Whose quotas: the parts of Kafka's client quota entities, in the order of their types, each type
 * once.
 */
public record QuotaEntity(List<Part> parts) implements Comparable<QuotaEntity> {
  private static final Comparator<Part> BY_TYPE_AND_NAME =
      Comparator.comparing(Part::type)
          .thenComparing(part -> part.name().isPresent())
          .thenComparing(part -> part.name().orElse(""));

  /**
   * One part.
   *
   * @param type "user", "client-id" or "ip"
   * @param name empty: the default of the type
   */
  public record Part(String type, Optional<String> name) {}

  public QuotaEntity {
    parts = parts.stream().sorted(BY_TYPE_AND_NAME).toList();
    for (int i = 1; i < parts.size(); i++) {
      if (parts.get(i).type().equals(parts.get(i - 1).type())) {
        throw new IllegalArgumentException("a quota entity with two of " + parts.get(i).type());
      }
    }
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("a quota entity without parts");
    }
  }

  @Override
  public int compareTo(QuotaEntity other) {
    for (int i = 0; i < Math.min(parts.size(), other.parts.size()); i++) {
      int order = BY_TYPE_AND_NAME.compare(parts.get(i), other.parts.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(parts.size(), other.parts.size());
  }
}
