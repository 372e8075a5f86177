package io.millrace.objectstore.s3;

import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * Builds the SDK's client: blocking, without retries (a repeated conditional put would turn our own
 * success into "exists"), and without the checksum trailers that other stores than AWS lack.
 */
final class S3Clients {
  /**
   * Where the service is not AWS, a region only has to be the same on both sides of a signature.
   */
  private static final Region ANY_REGION = Region.US_EAST_1;

  /** Below what stores and balancers wait before they close a connection. */
  private static final Duration IDLE_CONNECTION_MAX = Duration.ofSeconds(10);

  private S3Clients() {}

  static S3Client connect(
      S3Bucket bucket,
      AwsCredentialsProvider credentials,
      S3Timeouts timeouts,
      int connectionsMax) {
    S3ClientBuilder builder =
        S3Client.builder()
            .credentialsProvider(credentials)
            .forcePathStyle(bucket.endpoint().pathStyle())
            .serviceConfiguration(service -> service.chunkedEncodingEnabled(false))
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .httpClientBuilder(http(timeouts, connectionsMax))
            .overrideConfiguration(client ->
                client
                    .retryStrategy(DefaultRetryStrategy.doNotRetry())
                    .apiCallAttemptTimeout(Duration.ofMillis(timeouts.requestMs()))
                    .apiCallTimeout(Duration.ofMillis(timeouts.requestMs())));
    URI uri = bucket.endpoint().uri();
    String region = bucket.endpoint().region();
    if (uri != null) {
      builder.endpointOverride(uri);
    }
    if (region != null) {
      builder.region(Region.of(region));
    } else if (uri != null) {
      builder.region(ANY_REGION);
    }
    try {
      return builder.build();
    } catch (SdkClientException e) {
      throw new IllegalArgumentException(
          "%s cannot be opened: %s".formatted(bucket, e.getMessage()), e);
    }
  }

  private static Apache5HttpClient.Builder http(S3Timeouts timeouts, int connectionsMax) {
    return Apache5HttpClient.builder()
        .maxConnections(connectionsMax)
        .connectionTimeout(Duration.ofMillis(timeouts.connectMs()))
        .connectionAcquisitionTimeout(Duration.ofMillis(timeouts.connectMs()))
        .socketTimeout(Duration.ofMillis(timeouts.silenceMs()))
        .connectionMaxIdleTime(IDLE_CONNECTION_MAX)
        // Asking first costs each small put a round trip.
        .expectContinueEnabled(false);
  }
}
