package io.millrace.broker.config;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which values of its type a key takes; violations are worded as Kafka words them, since clients
 * show them.
 */
sealed interface Range {

  /** Why {@code value} is outside; null if it is inside. */
  @Nullable String violation(String key, Object value);

  /** For the reference page and for error messages; "" if every value goes. */
  String text();

  /** Every value of the type. */
  record Any() implements Range {
    @Override
    public @Nullable String violation(String key, Object value) {
      return null;
    }

    @Override
    public String text() {
      return "";
    }
  }

  /** Both ends belong to it. */
  record Numbers(Number min, @Nullable Number max) implements Range {
    @Override
    public @Nullable String violation(String key, Object value) {
      Number number = (Number) value;
      if (less(number, min)) {
        return "Value must be at least " + min;
      }
      return max != null && less(max, number) ? "Value must be no more than " + max : null;
    }

    @Override
    public String text() {
      return max == null ? "at least " + min : min + " to " + max;
    }

    private static boolean less(Number a, Number b) {
      boolean decimal = a instanceof Double || b instanceof Double;
      return decimal ? a.doubleValue() < b.doubleValue() : a.longValue() < b.longValue();
    }
  }

  /** The levels of gzip: 1 to 9, or -1 for the codec's own default. */
  record GzipLevels() implements Range {
    @Override
    public @Nullable String violation(String key, Object value) {
      int level = (Integer) value;
      return level == -1 || (level >= 1 && level <= 9)
          ? null
          : "Value must be between 1 and 9 or equal to -1";
    }

    @Override
    public String text() {
      return "1 to 9, or -1 for the codec's default";
    }
  }

  /** One of some words; of a list each element. */
  record Words(List<String> words, boolean caseSensitive) implements Range {
    @Override
    public @Nullable String violation(String key, Object value) {
      return allows(culprit(value))
          ? null
          : (caseSensitive
                  ? "String must be one of: "
                  : "String must be one of (case insensitive): ")
              + String.join(", ", words);
    }

    /** The first word of {@code value} that does not belong; its last one if all do. */
    String culprit(Object value) {
      if (!(value instanceof List<?> list)) {
        return value.toString();
      }
      String last = words.getFirst();
      for (Object word : list) {
        last = word.toString();
        if (!allows(last)) {
          break;
        }
      }
      return last;
    }

    @Override
    public String text() {
      return "one of " + String.join(", ", words);
    }

    private boolean allows(String word) {
      for (String candidate : words) {
        if (caseSensitive ? candidate.equals(word) : candidate.equalsIgnoreCase(word)) {
          return true;
        }
      }
      return false;
    }
  }

  /** A list or string with something in it. */
  record NonEmpty() implements Range {
    @Override
    public @Nullable String violation(String key, Object value) {
      boolean empty = value instanceof List<?> list ? list.isEmpty() : value.toString().isEmpty();
      return empty
          ? "Configuration '"
              + key
              + "' must not be empty. Valid values include: any non-empty value"
          : null;
    }

    @Override
    public String text() {
      return "not empty";
    }
  }

  /** Where a share group begins. */
  record OffsetReset() implements Range {
    @Override
    public @Nullable String violation(String key, Object value) {
      return allows(value.toString())
          ? null
          : "Invalid value `"
              + value
              + "` for configuration "
              + key
              + ". The value must be either 'earliest', 'latest' or of the format"
              + " 'by_duration:<PnDTnHnMn.nS>'.";
    }

    @Override
    public String text() {
      return "earliest, latest or by_duration:DURATION";
    }

    private static boolean allows(String value) {
      if (value.equals("earliest") || value.equals("latest")) {
        return true;
      }
      try {
        return value.startsWith("by_duration:")
            && !Duration.parse(value.substring("by_duration:".length())).isNegative();
      } catch (DateTimeParseException e) {
        return false;
      }
    }
  }

  /** '*' or partition:broker pairs. */
  record ThrottledReplicas() implements Range {
    @Override
    public @Nullable String violation(String key, Object value) {
      List<?> entries = (List<?>) value;
      if (entries.size() == 1 && entries.getFirst().equals("*")) {
        return null;
      }
      for (Object entry : entries) {
        if (!isPair(entry.toString())) {
          return key
              + " must be the literal '*' or a list of replicas in the following format:"
              + " [partitionId]:[brokerId],[partitionId]:[brokerId],...";
        }
      }
      return null;
    }

    @Override
    public String text() {
      return "* or partition:broker pairs";
    }

    private static boolean isPair(String entry) {
      int colon = entry.indexOf(':');
      return colon > 0
          && colon < entry.length() - 1
          && entry.chars().allMatch(c -> c == ':' || Character.isDigit(c))
          && entry.indexOf(':', colon + 1) < 0;
    }
  }
}
