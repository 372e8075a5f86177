package io.millrace.cli;

import io.millrace.broker.StartException;
import io.millrace.broker.StoreView;
import io.millrace.storage.metadata.MetadataImage;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * {@code millrace metadata}: prints what the metadata log of a store says, or a part of it, now or
 * after an entry; brokers may run on the store or not.
 */
final class MetadataCommand {
  private static final String AT = "--at";
  private static final String JSON = "--json";

  private final PrintStream out;

  MetadataCommand(PrintStream out) {
    this.out = out;
  }

  /**
   * @throws StartException if the arguments are wrong, or there is nothing of the kind
   */
  void run(List<String> arguments) throws StartException {
    InspectionArguments given = InspectionArguments.parse(arguments, Set.of(AT), Set.of(JSON));
    Optional<Long> entry = given.number(AT);
    String path = given.word("metadata").orElse("");
    Object node;
    try (StoreView view = StoreView.open(given.store())) {
      MetadataImage image = view.image(entry.map(OptionalLong::of).orElseGet(OptionalLong::empty));
      node = ImageTree.at(ImageTree.of(image), path);
    } catch (IllegalArgumentException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    if (given.flags().contains(JSON)) {
      TreePrinter.json(node, out);
    } else {
      TreePrinter.text(node, out);
    }
  }
}
