package io.millrace.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Makes the start-up cache: runs the broker by the launcher on a data directory that a killed
 * broker has left, sends it what clients send in their first seconds, and stops it, upon which its
 * JVM writes the cache. Packaging goes on without a cache if this fails.
 */
final class StartupTraining {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TOPIC = "training";
  private static final int RECORDS = 2_000;

  private final String launcher;
  private final Path cache;
  private final Path work;
  private final int port;

  private StartupTraining(String launcher, Path cache, Path work) throws IOException {
    this.launcher = launcher;
    this.cache = cache;
    this.work = work;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      this.port = free.getLocalPort();
    }
  }

  /** Arguments: the launcher, the cache file to make. */
  public static void main(String[] args) throws IOException {
    Path work = Files.createTempDirectory("millrace-training");
    try {
      new StartupTraining(args[0], Path.of(args[1]), work).run();
    } catch (Exception e) {
      System.err.println(
          "millrace: WARNING: no start-up cache was made, the broker will start more slowly: " + e);
      System.exit(1);
    } finally {
      remove(work);
    }
  }

  private void run() throws Exception {
    Process untrained = start(Optional.empty());
    talk();
    untrained.destroyForcibly().waitFor();
    Process trained = start(Optional.of(cache));
    talk();
    trained.destroy();
    if (!trained.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      trained.destroyForcibly();
      throw new IOException("the broker did not stop within " + PATIENCE);
    }
    if (!Files.exists(cache)) {
      throw new IOException("the JVM wrote no " + cache + "; log:\n" + Files.readString(log()));
    }
  }

  private Process start(Optional<Path> output) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            launcher,
            "start",
            "--data",
            work.resolve("data").toString(),
            "--listen",
            "127.0.0.1:" + port);
    builder.environment().keySet().removeAll(List.of("MILLRACE_OPTS", "MILLRACE_HEAP_OPTS"));
    output.ifPresent(path -> builder.environment().put("MILLRACE_AOT_OUTPUT", path.toString()));
    builder.redirectError(log().toFile());
    Process process = builder.start();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    try {
      String ready =
          CompletableFuture.supplyAsync(() -> out.lines().findFirst().orElse(""))
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (!ready.isEmpty()) {
        return process;
      }
    } catch (Exception e) {
      // Told below, with the log.
    }
    process.destroyForcibly();
    throw new IOException("the broker did not start; log:\n" + Files.readString(log()));
  }

  /**
   * A failure here costs part of the cache, not the cache: what the broker did until then is in it.
   */
  private void talk() {
    Map<String, Object> client =
        Map.of(
            "bootstrap.servers",
            "127.0.0.1:" + port,
            "default.api.timeout.ms",
            10_000,
            "request.timeout.ms",
            5_000);
    try {
      create(client);
      produce(client);
      consume(client);
    } catch (Exception e) {
      System.err.println("millrace: the training was cut short: " + e);
    }
  }

  private static void create(Map<String, Object> client) throws Exception {
    try (Admin admin = Admin.create(client)) {
      if (!admin.listTopics().names().get().contains(TOPIC)) {
        admin.createTopics(List.of(new NewTopic(TOPIC, 6, (short) 1))).all().get();
      }
      admin.describeTopics(List.of(TOPIC)).allTopicNames().get();
    }
  }

  private static void produce(Map<String, Object> client) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(client, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int i = 0; i < RECORDS; i++) {
        producer.send(new ProducerRecord<>(TOPIC, i % 6, null, new byte[250]));
      }
      producer.flush();
    }
  }

  private static void consume(Map<String, Object> client) {
    Map<String, Object> config = new java.util.HashMap<>(client);
    config.put("group.id", "training");
    config.put("auto.offset.reset", "earliest");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(TOPIC));
      long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
      for (int seen = 0; seen < RECORDS && System.nanoTime() < deadline; ) {
        seen += consumer.poll(Duration.ofSeconds(1)).count();
      }
    }
  }

  private Path log() {
    return work.resolve("log");
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
