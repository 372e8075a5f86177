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
      case "metadata" -> inspect(new MetadataCommand(System.out)::run, arguments);
      case "fsck" -> inspect(new FsckCommand(System.out)::run, arguments);
      case "dump-log" -> inspect(new DumpLogCommand(System.out)::run, arguments);
      case "version" -> System.out.println(version());
      default -> {
        System.err.println(
            "millrace: unknown command '" + command + "'; `millrace help` lists them");
        System.exit(1);
      }
    }
  }

  private interface Inspection {
    void run(List<String> arguments) throws StartException;
  }

  private static void inspect(Inspection inspection, List<String> arguments) {
    try {
      inspection.run(arguments.subList(1, arguments.size()));
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
