package io.millrace.broker.config;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file in the Java properties format, as Kafka reads it (ISO 8859-1, continued lines, unicode
 * escapes), with the line each key stands on.
 *
 * @param name as the user gave it
 * @param settings in file order; a key may come twice
 */
public record ConfigFile(String name, List<Entry> settings, List<ConfigProblem> problems) {

  /** A key and its value as written. */
  public record Entry(String key, String value, int line) {}

  public ConfigFile {
    settings = List.copyOf(settings);
    problems = List.copyOf(problems);
  }

  /** Reads and parses; a file that cannot be read has a problem and no settings. */
  static ConfigFile read(Path path, TextFiles files) {
    String name = path.toString();
    try {
      return parse(name, files.read(path));
    } catch (NoSuchFileException e) {
      return unreadable(name, "there is no such file");
    } catch (IOException e) {
      return unreadable(name, String.valueOf(e.getMessage()));
    }
  }

  private static ConfigFile unreadable(String name, String reason) {
    return new ConfigFile(
        name,
        List.of(),
        List.of(new ConfigProblem("--config " + name, "cannot be read: " + reason)));
  }

  /** The file with this text. */
  public static ConfigFile parse(String name, String text) {
    return new Parser(name, text).parse();
  }

  /** Reads logical lines, then splits each. */
  private static final class Parser {
    private final String name;
    private final String text;
    private final List<Entry> entries = new ArrayList<>();
    private final List<ConfigProblem> problems = new ArrayList<>();
    private int position;
    private int line = 1;

    Parser(String name, String text) {
      this.name = name;
      this.text = text;
    }

    ConfigFile parse() {
      while (position < text.length()) {
        skipBlanks();
        if (position == text.length()) {
          break;
        }
        char first = text.charAt(position);
        if (first == '#' || first == '!') {
          skipLine();
        } else if (isLineEnd(first)) {
          endLine();
        } else {
          int startLine = line;
          String logical = logicalLine();
          if (!logical.isEmpty()) {
            split(logical, startLine);
          }
        }
      }
      return new ConfigFile(name, entries, problems);
    }

    /**
     * Joins continued lines; escapes stay as they are. Empty if nothing came before a continuation.
     */
    private String logicalLine() {
      StringBuilder joined = new StringBuilder();
      while (position < text.length()) {
        char c = text.charAt(position);
        if (isLineEnd(c)) {
          endLine();
          break;
        }
        position++;
        if (c == '\\') {
          if (position == text.length()) {
            break;
          }
          if (isLineEnd(text.charAt(position))) {
            endLine();
            skipBlanks();
            if (joined.isEmpty()) {
              break;
            }
            continue;
          }
          joined.append(c).append(text.charAt(position++));
        } else {
          joined.append(c);
        }
      }
      return joined.toString();
    }

    private void split(String logical, int startLine) {
      int keyEnd = 0;
      while (keyEnd < logical.length() && !isSeparator(logical.charAt(keyEnd))) {
        keyEnd += logical.charAt(keyEnd) == '\\' ? 2 : 1;
      }
      keyEnd = Math.min(keyEnd, logical.length());
      int valueStart = keyEnd;
      boolean separated = false;
      while (valueStart < logical.length()) {
        char c = logical.charAt(valueStart);
        if (!isBlank(c)) {
          if (separated || (c != '=' && c != ':')) {
            break;
          }
          separated = true;
        }
        valueStart++;
      }
      String key = unescape(logical.substring(0, keyEnd), startLine);
      String value = unescape(logical.substring(valueStart), startLine);
      entries.add(new Entry(key, value, startLine));
    }

    private String unescape(String escaped, int startLine) {
      if (escaped.indexOf('\\') < 0) {
        return escaped;
      }
      StringBuilder plain = new StringBuilder();
      for (int i = 0; i < escaped.length(); i++) {
        char c = escaped.charAt(i);
        if (c != '\\' || i + 1 == escaped.length()) {
          plain.append(c);
          continue;
        }
        char escape = escaped.charAt(++i);
        switch (escape) {
          case 't' -> plain.append('\t');
          case 'n' -> plain.append('\n');
          case 'r' -> plain.append('\r');
          case 'f' -> plain.append('\f');
          case 'u' -> {
            String hex = escaped.substring(i + 1, Math.min(i + 5, escaped.length()));
            if (hex.length() == 4 && hex.chars().allMatch(d -> Character.digit(d, 16) >= 0)) {
              plain.append((char) Integer.parseInt(hex, 16));
            } else {
              problems.add(
                  new ConfigProblem(
                      "line " + startLine,
                      "\\u" + hex + " is no unicode escape; expected four hexadecimal digits"));
            }
            i += hex.length();
          }
          default -> plain.append(escape);
        }
      }
      return plain.toString();
    }

    private void skipBlanks() {
      while (position < text.length() && isBlank(text.charAt(position))) {
        position++;
      }
    }

    private void skipLine() {
      while (position < text.length() && !isLineEnd(text.charAt(position))) {
        position++;
      }
      endLine();
    }

    private void endLine() {
      if (position < text.length()) {
        boolean both = text.startsWith("\r\n", position);
        position += both ? 2 : 1;
        line++;
      }
    }

    private static boolean isBlank(char c) {
      return c == ' ' || c == '\t' || c == '\f';
    }

    private static boolean isLineEnd(char c) {
      return c == '\n' || c == '\r';
    }

    private static boolean isSeparator(char c) {
      return isBlank(c) || c == '=' || c == ':';
    }
  }
}
