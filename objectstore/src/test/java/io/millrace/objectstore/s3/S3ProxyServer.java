package io.millrace.objectstore.s3;

import java.net.URI;
import java.util.Properties;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.s3.S3Client;

/** An S3 service in this process with its objects in memory; it checks signatures. */
final class S3ProxyServer {
  private static final String IDENTITY = "identity";
  private static final String CREDENTIAL = "credential";

  static final AwsCredentialsProvider CREDENTIALS =
      StaticCredentialsProvider.create(AwsBasicCredentials.create(IDENTITY, CREDENTIAL));

  private final S3Proxy proxy;

  S3ProxyServer() throws Exception {
    Properties properties = new Properties();
    properties.setProperty("jclouds.identity", IDENTITY);
    properties.setProperty("jclouds.credential", CREDENTIAL);
    proxy =
        S3Proxy.builder()
            .blobStore(BlobStores.create("transient-nio2", properties))
            .awsAuthentication(AuthenticationType.AWS_V4, IDENTITY, CREDENTIAL)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .build();
    proxy.start();
  }

  S3Bucket bucket(String name, String prefix) {
    URI uri = URI.create("http://127.0.0.1:" + proxy.getPort());
    return new S3Bucket(name, prefix, new S3Endpoint(uri, null, true));
  }

  void createBucket(String name) {
    try (S3Client client =
        S3Clients.connect(bucket(name, ""), CREDENTIALS, S3Timeouts.DEFAULT, 1)) {
      client.createBucket(request -> request.bucket(name));
    }
  }

  void stop() throws Exception {
    proxy.stop();
  }
}
