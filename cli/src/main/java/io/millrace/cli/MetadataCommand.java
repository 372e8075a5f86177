package io.millrace.cli;

import io.millrace.broker.BrokerOptions;
import io.millrace.broker.StartException;
import io.millrace.broker.StoredMetadata;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * {@code millrace metadata}: prints what the metadata log of a store says, or a part of it, now or
 * after an entry; brokers may run on the store or not.
 */
final class MetadataCommand {
  private final PrintStream out;

  MetadataCommand(PrintStream out) {
    this.out = out;
  }

  /**
   * @throws StartException if the arguments are wrong, or there is nothing of the kind
   */
  void run(List<String> arguments) throws StartException {
    List<String> ofStore = new ArrayList<>();
    String path = "";
    OptionalLong entry = OptionalLong.empty();
    boolean json = false;
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.equals("--json")) {
        json = true;
      } else if (argument.startsWith("--at=")) {
        entry = entry(argument.substring("--at=".length()));
      } else if (argument.equals("--at")) {
        entry = entry(++i < arguments.size() ? arguments.get(i) : "");
      } else if (argument.startsWith("--")) {
        ofStore.add(argument);
        if (!argument.contains("=") && i + 1 < arguments.size()) {
          ofStore.add(arguments.get(++i));
        }
      } else if (path.isEmpty()) {
        path = argument;
      } else {
        throw new StartException("metadata takes one path, not '%s' too".formatted(argument));
      }
    }
    BrokerOptions options = StartArguments.parse(ofStore, System.nanoTime());
    print(ImageTree.of(StoredMetadata.image(options, entry)), path, json);
  }

  private void print(Map<String, Object> tree, String path, boolean json) throws StartException {
    Object node;
    try {
      node = ImageTree.at(tree, path);
    } catch (IllegalArgumentException e) {
      throw new StartException(e.getMessage(), e);
    }
    if (json) {
      TreePrinter.json(node, out);
    } else {
      TreePrinter.text(node, out);
    }
  }

  private static OptionalLong entry(String number) throws StartException {
    try {
      return OptionalLong.of(Long.parseLong(number));
    } catch (NumberFormatException e) {
      throw new StartException("option --at needs the number of an entry, not '" + number + "'", e);
    }
  }
}
