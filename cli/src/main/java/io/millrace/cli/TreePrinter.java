package io.millrace.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;

/** Prints a tree of maps, lists, strings and numbers. */
final class TreePrinter {
  private static final String INDENT = "  ";

  private TreePrinter() {}

  /** A line for each name, deeper ones further to the right. */
  static void text(Object node, PrintStream out) {
    if (node instanceof Map<?, ?> names) {
      text(names, "", out);
    } else {
      out.println(value(node));
    }
  }

  private static void text(Map<?, ?> names, String indent, PrintStream out) {
    names.forEach((name, node) -> {
      if (node instanceof Map<?, ?> deeper && !deeper.isEmpty()) {
        out.println(indent + name + "/");
        text(deeper, indent + INDENT, out);
      } else {
        out.println((indent + name + " " + value(node)).stripTrailing());
      }
    });
  }

  private static String value(Object node) {
    return node instanceof Map ? "" : node instanceof List<?> list ? commas(list) : node.toString();
  }

  private static String commas(List<?> list) {
    return String.join(", ", list.stream().map(String::valueOf).toList());
  }

  static void json(Object node, PrintStream out) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.useDefaultPrettyPrinter();
      write(node, json);
    } catch (IOException e) {
      throw new IllegalStateException("a string takes everything", e);
    }
    out.println(text);
  }

  private static void write(Object node, JsonGenerator json) throws IOException {
    switch (node) {
      case Map<?, ?> names -> {
        json.writeStartObject();
        for (Map.Entry<?, ?> each : names.entrySet()) {
          json.writeFieldName(each.getKey().toString());
          write(each.getValue(), json);
        }
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        for (Object each : list) {
          write(each, json);
        }
        json.writeEndArray();
      }
      case Long number -> json.writeNumber(number);
      case Integer number -> json.writeNumber(number);
      case Short number -> json.writeNumber(number);
      case Double number -> json.writeNumber(number);
      default -> json.writeString(node.toString());
    }
  }
}
