package io.millrace.conformance;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * An S3 service (S3Proxy) in a process of its own, which checks signatures. Its objects are files,
 * so that they and the port stay over kills and restarts; it does not sync them.
 */
final class S3ProxyProcess implements AutoCloseable {
  static final String BUCKET = "bucket";

  private static final String IDENTITY = "identity";
  private static final String CREDENTIAL = "credential";
  private static final int START_ATTEMPTS_MAX = 600;
  private static final Duration START_PAUSE = Duration.ofMillis(100);

  private final Path folder;
  private final int port;
  private final String authorization;
  private @Nullable Process process;

  private S3ProxyProcess(Path folder, int port, String authorization) {
    this.folder = folder;
    this.port = port;
    this.authorization = authorization;
  }

  /**
   * Starts the service and returns when it answers and has the bucket {@link #BUCKET}.
   *
   * @param folder holds its objects, its settings and its log
   */
  static S3ProxyProcess start(Path folder) throws IOException {
    return start(folder, "aws-v4");
  }

  /** As {@link #start}, but takes requests without looking at signatures. */
  static S3ProxyProcess startCredulous(Path folder) throws IOException {
    return start(folder, "none");
  }

  private static S3ProxyProcess start(Path folder, String authorization) throws IOException {
    S3ProxyProcess proxy = new S3ProxyProcess(folder, BrokerProcess.freePort(), authorization);
    proxy.start();
    proxy.createBucket();
    return proxy;
  }

  /** For clients; the bucket stands in the path. */
  String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  /** What a process needs in its environment to be let in. */
  static Map<String, String> environment() {
    return Map.of("AWS_ACCESS_KEY_ID", IDENTITY, "AWS_SECRET_ACCESS_KEY", CREDENTIAL);
  }

  /** The same as system properties, for a client in this process. */
  static Map<String, String> systemProperties() {
    return Map.of("aws.accessKeyId", IDENTITY, "aws.secretAccessKey", CREDENTIAL);
  }

  /** The process, to send it a signal. */
  long pid() {
    return running().pid();
  }

  /** As SIGKILL. */
  void kill() throws InterruptedException {
    running().destroyForcibly().waitFor();
  }

  /** Starts again on the same port and objects, after {@link #kill()}; returns when it answers. */
  void restart() throws IOException {
    start();
    try (S3Client client = patientClient()) {
      client.headBucket(request -> request.bucket(BUCKET));
    } catch (SdkException e) {
      throw failure(e);
    }
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  private void start() throws IOException {
    if (process != null && process.isAlive()) {
      throw new IllegalStateException("the S3 service runs");
    }
    Path objects = Files.createDirectories(folder.resolve("objects"));
    Path settings = folder.resolve("s3proxy.properties");
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=%s
        s3proxy.authorization=%s
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=filesystem-nio2
        jclouds.identity=%s
        jclouds.credential=%s
        jclouds.filesystem.basedir=%s
        """
            .formatted(
                endpoint(), authorization, IDENTITY, CREDENTIAL, IDENTITY, CREDENTIAL, objects));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command =
        List.of(
            java,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx512m",
            "-Dlogback.configurationFile=" + logging(),
            "-cp",
            System.getProperty("java.class.path"),
            "org.gaul.s3proxy.Main",
            "--properties",
            settings.toString());
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
  }

  /** To standard output: the service sends its own standard error to the log. */
  private Path logging() throws IOException {
    return Files.writeString(
        folder.resolve("logback.xml"),
        """
        <configuration>
          <appender name="stdout" class="ch.qos.logback.core.ConsoleAppender">
            <encoder><pattern>%d %level %logger %msg%n</pattern></encoder>
          </appender>
          <root level="INFO"><appender-ref ref="stdout"/></root>
        </configuration>
        """);
  }

  private void createBucket() throws IOException {
    try (S3Client client = patientClient()) {
      client.createBucket(request -> request.bucket(BUCKET));
    } catch (SdkException e) {
      close();
      throw failure(e);
    }
  }

  /** Tries until the service has come up. */
  private S3Client patientClient() {
    StandardRetryStrategy retries =
        DefaultRetryStrategy.standardStrategyBuilder()
            .maxAttempts(START_ATTEMPTS_MAX)
            .backoffStrategy(BackoffStrategy.fixedDelayWithoutJitter(START_PAUSE))
            .circuitBreakerEnabled(false)
            .build();
    return S3Client.builder()
        .endpointOverride(URI.create(endpoint()))
        .region(Region.US_EAST_1)
        .forcePathStyle(true)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create(IDENTITY, CREDENTIAL)))
        .overrideConfiguration(client -> client.retryStrategy(retries))
        .build();
  }

  private Process running() {
    return Objects.requireNonNull(process, "not started");
  }

  private Path log() {
    return folder.resolve("s3proxy.log");
  }

  private AssertionError failure(Exception cause) throws IOException {
    return new AssertionError(
        "the S3 service did not start; its log:\n" + Files.readString(log()), cause);
  }
}
