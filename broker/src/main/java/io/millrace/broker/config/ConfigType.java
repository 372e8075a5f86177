package io.millrace.broker.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How the text of a value is read: Kafka's own types, names and leniencies (blanks around a value
 * do not count).
 */
public enum ConfigType {
  BOOLEAN(1),
  STRING(2),
  INT(3),
  SHORT(4),
  LONG(5),
  DOUBLE(6),
  LIST(7),
  CLASS(8),
  PASSWORD(9);

  private final byte wireId;

  ConfigType(int wireId) {
    this.wireId = (byte) wireId;
  }

  /** The number a DescribeConfigs response carries. */
  public byte wireId() {
    return wireId;
  }

  /** What a value looks like, for people; "" if it is any text. */
  String text() {
    return switch (this) {
      case BOOLEAN -> "true or false";
      case SHORT -> "a 16-bit whole number";
      case INT -> "a 32-bit whole number";
      case LONG -> "a 64-bit whole number";
      case DOUBLE -> "a number";
      case STRING, LIST, CLASS, PASSWORD -> "";
    };
  }

  /** Why {@code text} is not of this type, in Kafka's words; null if it is. */
  @Nullable String mismatch(String text) {
    String trimmed = text.trim();
    try {
      switch (this) {
        case BOOLEAN -> {
          if (!trimmed.equalsIgnoreCase("true") && !trimmed.equalsIgnoreCase("false")) {
            return "Expected value to be either true or false";
          }
        }
        case INT -> Integer.parseInt(trimmed);
        case SHORT -> Short.parseShort(trimmed);
        case LONG -> Long.parseLong(trimmed);
        case DOUBLE -> Double.parseDouble(trimmed);
        case STRING, LIST, CLASS, PASSWORD -> {}
      }
      return null;
    } catch (NumberFormatException e) {
      return "Not a number of type " + name();
    }
  }

  /** The value; {@code text} has no {@link #mismatch}. Shorts are read as Integer. */
  Object parse(String text) {
    String trimmed = text.trim();
    return switch (this) {
      case BOOLEAN -> Boolean.valueOf(trimmed.toLowerCase(Locale.ROOT));
      case INT, SHORT -> Integer.valueOf(trimmed);
      case LONG -> Long.valueOf(trimmed);
      case DOUBLE -> Double.valueOf(trimmed);
      case STRING, CLASS -> trimmed;
      case PASSWORD -> text;
      case LIST -> split(trimmed);
    };
  }

  /** The text Kafka shows for a parsed value. */
  static String format(Object value) {
    return value instanceof List<?> list
        ? String.join(",", list.stream().map(String::valueOf).toList())
        : value.toString();
  }

  private static List<String> split(String text) {
    if (text.isEmpty()) {
      return List.of();
    }
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int comma = text.indexOf(','); comma >= 0; comma = text.indexOf(',', from)) {
      parts.add(text.substring(from, comma).trim());
      from = comma + 1;
    }
    parts.add(text.substring(from).trim());
    return List.copyOf(parts);
  }
}
