package io.millrace.conformance;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.utils.Exit;
import org.jspecify.annotations.Nullable;

/**
 * Runs a transcript's official tools one after the other in this process, which saves a JVM's start
 * for each, and prints the transcript with what they say this time. Against Millrace that is
 * compared; against a fresh Apache Kafka it records: {@code
 * CLASSPATH=conformance/target/test-classes ./millrace kafka-run-class
 * io.millrace.conformance.ToolScript HOST:PORT TRANSCRIPT}.
 */
final class ToolScript {
  private static final int QUERIES_MAX = 100_000;
  private static final long TOOL_SECONDS_MAX = 60;

  /** What was printed, by whichever broker. */
  private static final List<String> RECORDED = List.of("> ", "= ", "~ ", "m ");

  /** Tools with commands of their own after the common options. */
  private static final Set<String> OPTIONS_FIRST =
      Set.of("FeatureCommand", "MetadataQuorumCommand", "TransactionsCommand");

  private final String address;
  private final PrintStream transcript;

  /** Of the files that tools are given. */
  private final Path folder;

  @SuppressWarnings("ThreadLocalUsage") // a process makes one script
  private final InheritableThreadLocal<Run> running = new InheritableThreadLocal<>();

  private Run background = new Run(OutputStream.nullOutputStream());

  /** One tool, on a thread of its own. */
  private record Run(
      CompletableFuture<Integer> exitCode, OutputStream output, Queue<Runnable> shutdownHooks) {
    Run(OutputStream output) {
      this(new CompletableFuture<>(), output, new ConcurrentLinkedQueue<>());
    }
  }

  private ToolScript(String address, PrintStream transcript, Path folder) {
    this.address = address;
    this.transcript = transcript;
    this.folder = folder;
    this.running.set(new Run(transcript));
  }

  /** Arguments: bootstrap address, transcript. */
  public static void main(String[] arguments) throws Exception {
    ToolScript script =
        new ToolScript(arguments[0], System.out, Files.createTempDirectory("tools"));
    PrintStream captured =
        new PrintStream(script.new CurrentOutput(), true, StandardCharsets.UTF_8);
    System.setOut(captured);
    System.setErr(captured);
    Exit.setExitProcedure(script::end);
    Exit.setHaltProcedure(script::end);
    Exit.setShutdownHookAdder((name, hook) -> script.running.get().shutdownHooks().add(hook));
    script.run(Files.readAllLines(Path.of(arguments[1])));
    Runtime.getRuntime().halt(0);
  }

  /** As at a process's end, nothing of the tool happens after this. */
  private void end(int code, @Nullable String message) {
    running.get().exitCode().complete(code);
    while (true) {
      LockSupport.park();
    }
  }

  private void run(List<String> lines) throws Exception {
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (RECORDED.stream().anyMatch(line::startsWith) || line.equals(">") || line.equals("m")) {
        continue;
      }
      transcript.println(line);
      if (line.startsWith("$ ")) {
        String input = input(lines.subList(i + 1, lines.size()));
        i += (int) input.lines().count();
        foreground(line.substring(2), input);
      } else if (line.startsWith("file ")) {
        String content = input(lines.subList(i + 1, lines.size()));
        i += (int) content.lines().count();
        Files.writeString(folder.resolve(line.substring(5)), content);
      } else if (line.startsWith("& ")) {
        background = start(line.substring(2));
      } else if (line.startsWith("stable ")) {
        await(admin -> isStable(admin, line.split(" ", -1)[1]));
      } else if (line.startsWith("complete ")) {
        await(admin -> isComplete(admin, line.split(" ", -1)[1]));
      } else if (line.equals("wait")) {
        finish(background);
      }
    }
  }

  /** What follows "< ". */
  private String input(List<String> rest) {
    StringBuilder input = new StringBuilder();
    for (String line : rest) {
      if (!line.startsWith("< ")) {
        break;
      }
      transcript.println(line);
      input.append(line.substring(2)).append('\n');
    }
    return input.toString();
  }

  private void foreground(String command, String input) throws Exception {
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    finish(start(command));
  }

  private void finish(Run run) throws Exception {
    int code = run.exitCode().get(TOOL_SECONDS_MAX, TimeUnit.SECONDS);
    run.shutdownHooks().forEach(Runnable::run);
    Normalised.lines(run.output().toString(), address)
        .forEach(line -> transcript.println(("> " + line).stripTrailing()));
    transcript.println("= " + code);
  }

  private Run start(String command) {
    Run run = new Run(new ByteArrayOutputStream());
    Thread.ofPlatform().daemon().start(() -> run(command, run));
    return run;
  }

  private void run(String command, Run run) {
    running.set(run);
    List<String> words = new ArrayList<>(Arrays.asList(command.split(" ", -1)));
    Class<?> tool = toolClass(words.removeFirst());
    words.replaceAll(this::fileOrWord);
    words.addAll(
        OPTIONS_FIRST.contains(tool.getSimpleName()) ? 0 : words.size(),
        List.of("--bootstrap-server", address));
    try {
      tool.getMethod("main", String[].class).invoke(null, (Object) words.toArray(String[]::new));
      run.exitCode().complete(0);
    } catch (ReflectiveOperationException e) {
      run.exitCode().completeExceptionally(e);
    }
  }

  private String fileOrWord(String word) {
    Path file = folder.resolve(word);
    return !word.isEmpty() && Files.isRegularFile(file) ? file.toString() : word;
  }

  private static Class<?> toolClass(String name) {
    String className =
        switch (name) {
          case "kafka-broker-api-versions" -> "org.apache.kafka.tools.BrokerApiVersionsCommand";
          case "kafka-client-metrics" -> "org.apache.kafka.tools.ClientMetricsCommand";
          case "kafka-cluster" -> "org.apache.kafka.tools.ClusterTool";
          case "kafka-configs" -> "kafka.admin.ConfigCommand";
          case "kafka-console-consumer" -> "org.apache.kafka.tools.consumer.ConsoleConsumer";
          case "kafka-console-producer" -> "org.apache.kafka.tools.ConsoleProducer";
          case "kafka-consumer-perf-test" -> "org.apache.kafka.tools.ConsumerPerformance";
          case "kafka-consumer-groups" ->
              "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
          case "kafka-delete-records" -> "org.apache.kafka.tools.DeleteRecordsCommand";
          case "kafka-e2e-latency" -> "org.apache.kafka.tools.EndToEndLatency";
          case "kafka-features" -> "org.apache.kafka.tools.FeatureCommand";
          case "kafka-get-offsets" -> "org.apache.kafka.tools.GetOffsetShell";
          case "kafka-groups" -> "org.apache.kafka.tools.GroupsCommand";
          case "kafka-leader-election" -> "org.apache.kafka.tools.LeaderElectionCommand";
          case "kafka-log-dirs" -> "org.apache.kafka.tools.LogDirsCommand";
          case "kafka-metadata-quorum" -> "org.apache.kafka.tools.MetadataQuorumCommand";
          case "kafka-producer-perf-test" -> "org.apache.kafka.tools.ProducerPerformance";
          case "kafka-reassign-partitions" ->
              "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
          case "kafka-streams-application-reset" -> "org.apache.kafka.tools.StreamsResetter";
          case "kafka-topics" -> "org.apache.kafka.tools.TopicCommand";
          case "kafka-transactions" -> "org.apache.kafka.tools.TransactionsCommand";
          case "kafka-verifiable-consumer" -> "org.apache.kafka.tools.VerifiableConsumer";
          default -> throw new IllegalArgumentException(name);
        };
    try {
      return Class.forName(className);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("run by `millrace kafka-run-class`, which has the tools", e);
    }
  }

  /** Asks until it is so. */
  private interface Question {
    boolean ask(Admin admin) throws Exception;
  }

  private void await(Question question) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
      for (int i = 0; i < QUERIES_MAX; i++) {
        if (question.ask(admin)) {
          return;
        }
      }
      throw new IllegalStateException("it does not come about");
    }
  }

  private static boolean isComplete(Admin admin, String transactionalId) throws Exception {
    TransactionState state =
        admin
            .describeTransactions(List.of(transactionalId))
            .description(transactionalId)
            .get()
            .state();
    return state == TransactionState.COMPLETE_COMMIT;
  }

  private static boolean isStable(Admin admin, String group) throws InterruptedException {
    var described = admin.describeConsumerGroups(List.of(group)).describedGroups();
    try {
      ConsumerGroupDescription seen = Objects.requireNonNull(described.get(group)).get();
      return seen.groupState() == GroupState.STABLE && !seen.members().isEmpty();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return false; // of the consumer protocol, whose groups come with their first member
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /** What a tool prints goes to that tool's own output, background or not. */
  private final class CurrentOutput extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      running.get().output().write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      running.get().output().write(bytes, from, count);
    }
  }
}
