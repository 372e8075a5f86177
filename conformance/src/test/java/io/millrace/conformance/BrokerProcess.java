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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A broker in a process of its own, started by the packaged launcher. Keeps its port and data directory over kills and restarts. What it
 * logs is kept and stands in the message of whatever fails here.
 */
final class BrokerProcess implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;

  private final Path folder;
  private final List<String> settings;
  private final int port;
  private @Nullable Process process;
  private @Nullable String readyLine;

  private BrokerProcess(Path folder, List<String> settings, int port) {
    this.folder = folder;
    this.settings = settings;
    this.port = port;
  }

  /**
   * Starts a broker and returns when it is ready.
   *
   * @param folder holds its data and its log
   * @param settings each {@code key=value}
   */
  static BrokerProcess start(Path folder, String... settings) throws IOException {
    BrokerProcess broker = new BrokerProcess(folder, List.of(settings), freePort());
    broker.start();
    return broker;
  }

  /** A port of our own choice, unlike port 0, is the same after a restart. */
  private static int freePort() throws IOException {
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
    Process stopping = running();
    stopping.destroy();
    if (!stopping.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      stopping.destroyForcibly();
      throw failure("the broker did not stop");
    }
    return stopping.exitValue();
  }

  /** Starts again on the same port and data, after {@link #kill()} or {@link #stop()}. */
  void start() throws IOException {
    if (process != null && process.isAlive()) {
      throw new IllegalStateException("the broker runs");
    }
    List<String> command = new ArrayList<>(List.of(Launcher.path(), "start"));
    command.addAll(List.of("--data", folder.resolve("data").toString(), "--listen", address()));
    settings.forEach(setting -> command.addAll(List.of("--set", setting)));
    Process started =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log().toFile())).start();
    process = started;
    readyLine = firstLine(started);
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

  private String firstLine(Process started) {
    BufferedReader out = started.inputReader(StandardCharsets.UTF_8);
    try {
      return CompletableFuture.supplyAsync(
              () -> out.lines().findFirst().orElseThrow(() -> failure("the broker ended before it was ready")))
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
