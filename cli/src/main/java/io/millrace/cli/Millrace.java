package io.millrace.cli;

import io.millrace.broker.Broker;
import io.millrace.broker.StartException;
import java.util.List;

/**
 * Entry point of the broker's process. The launcher script has chosen the JDK and its flags, and
 * keeps help and Apache Kafka's tools to itself.
 */
public final class Millrace {
  private Millrace() {}

  public static void main(String[] args) {
    List<String> arguments = List.of(args);
    String command = arguments.isEmpty() ? "" : arguments.getFirst();
    switch (command) {
      case "start" ->
          new StartCommand(options -> Broker.start(options, new LogbackLevels()))
              .run(arguments.subList(1, arguments.size()));
      case "metadata" -> metadata(arguments.subList(1, arguments.size()));
      case "version" -> System.out.println(version());
      default -> {
        System.err.println(
            "millrace: unknown command '" + command + "'; `millrace help` lists them");
        System.exit(1);
      }
    }
  }

  private static void metadata(List<String> arguments) {
    try {
      new MetadataCommand(System.out).run(arguments);
      System.exit(0);
    } catch (StartException e) {
      e.problems().forEach(problem -> System.err.println("millrace: " + problem));
      System.exit(1);
    }
  }

  private static String version() {
    String version = Millrace.class.getPackage().getImplementationVersion();
    return "millrace " + (version == null ? "unpackaged" : version) + ", java " + Runtime.version();
  }
}
