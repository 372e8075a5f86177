package io.millrace.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A broker in a process of its own, started by the packaged launcher. Keeps its port and data
 * directory over kills and restarts. What it logs is kept and stands in the message of whatever
 * fails here.
 */
final class BrokerProcess implements AutoCloseable {
  /** A start takes two, unless the machine is overrun. */
  private static final long PATIENCE_SECONDS = 180;

  private final Path folder;
  private final Map<String, String> environment;
  private final List<String> command;
  private final int port;
  private @Nullable Process process;
  private @Nullable BufferedReader output;
  private @Nullable String readyLine;

  private BrokerProcess(
      Path folder, Map<String, String> environment, List<String> command, int port) {
    this.folder = folder;
    this.environment = environment;
    this.command = command;
    this.port = port;
  }

  /**
   * Starts a broker and returns when it is ready.
   *
   * @param folder holds its data and its log
   * @param settings each {@code key=value}
   */
  static BrokerProcess start(Path folder, String... settings) throws IOException {
    int port = freePort();
    List<String> command = new ArrayList<>(List.of(Launcher.path(), "start"));
    command.addAll(
        List.of("--data", folder.resolve("data").toString(), "--listen", "127.0.0.1:" + port));
    List.of(settings).forEach(setting -> command.addAll(List.of("--set", setting)));
    return run(folder, port, command);
  }

  /**
   * As {@link #start(Path, String...)}, with a command of one's own.
   *
   * @param folder holds its log
   * @param port where the command makes it listen
   */
  static BrokerProcess run(Path folder, int port, List<String> command) throws IOException {
    BrokerProcess broker = new BrokerProcess(folder, Map.of(), command, port);
    broker.start();
    return broker;
  }

  /**
   * A broker that has yet to be started.
   *
   * @param folder holds its log
   * @param environment added to that of this process
   * @param port where the command makes it listen
   */
  static BrokerProcess of(
      Path folder, Map<String, String> environment, int port, List<String> command) {
    return new BrokerProcess(folder, environment, command, port);
  }

  /** A port of our own choice, unlike port 0, is the same after a restart. */
  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /** For {@code bootstrap.servers}. */
  String address() {
    return "127.0.0.1:" + port;
  }

  String readyLine() {
    return Objects.requireNonNull(readyLine, "not started");
  }

  /** As SIGKILL: nothing is flushed or told. */
  void kill() throws InterruptedException {
    running().destroyForcibly().waitFor();
  }

  /** As SIGTERM; returns the exit code. */
  int stop() throws InterruptedException {
    askToStop();
    return awaitEnd();
  }

  /** As SIGTERM; see {@link #awaitEnd}. */
  void askToStop() {
    running().toHandle().destroy(); // unlike the process itself, leaves its output readable
  }

  /** As SIGSTOP: it keeps its connections and does nothing. */
  void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** As SIGCONT. */
  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
    if (code != 0) {
      throw failure("the broker took no SIG" + name);
    }
  }

  boolean runs() {
    return process != null && process.isAlive();
  }

  /** What came after the ready line on standard output, until the process ended. */
  List<String> outputAfterReadyLine() {
    return Objects.requireNonNull(output, "not started").lines().toList();
  }

  /** The process, to send it a signal. */
  long pid() {
    return running().pid();
  }

  /** Waits for an end that a signal has asked for; returns the exit code. */
  int awaitEnd() throws InterruptedException {
    if (!running().waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      running().destroyForcibly();
      throw failure("the broker did not stop");
    }
    return running().exitValue();
  }

  /**
   * Starts, or starts again on the same port and data, after {@link #kill()} or {@link #stop()}.
   */
  void start() throws IOException {
    if (runs()) {
      throw new IllegalStateException("the broker runs");
    }
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log().toFile()));
    builder.environment().putAll(environment);
    Process started = builder.start();
    process = started;
    output = started.inputReader(StandardCharsets.UTF_8);
    readyLine = firstLine(started, output);
  }

  /** Everything the broker has logged, over all its lives. */
  String logged() {
    try {
      return Files.exists(log()) ? Files.readString(log()) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  private String firstLine(Process started, BufferedReader out) {
    try {
      return CompletableFuture.supplyAsync(() ->
              out.lines()
                  .findFirst()
                  .orElseThrow(() -> failure("the broker ended before it was ready")))
          .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      started.destroyForcibly();
      AssertionError failure = failure("the broker did not start");
      failure.addSuppressed(e);
      throw failure;
    }
  }

  private Process running() {
    return Objects.requireNonNull(process, "not started");
  }

  private Path log() {
    return folder.resolve("broker.log");
  }

  private AssertionError failure(String what) {
    return new AssertionError(what + "; its log:\n" + logged());
  }
}
