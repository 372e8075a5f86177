package io.millrace.objectstore.s3;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How to reach an S3 service.
 *
 * @param uri scheme, host and port of another service than AWS; null for AWS
 * @param region null for the one the SDK's usual chain finds, or any where the service is not AWS
 * @param pathStyle whether the bucket stands in the path instead of the host name
 */
public record S3Endpoint(@Nullable URI uri, @Nullable String region, boolean pathStyle) {
  /** AWS, in the region its usual chain finds. */
  public static final S3Endpoint AWS = new S3Endpoint(null, null, false);

  private static final Pattern REGION = Pattern.compile("[a-z0-9-]{1,64}");

  public S3Endpoint {
    if (uri != null) {
      check(uri);
    }
    if (region != null && !REGION.matcher(region).matches()) {
      throw new IllegalArgumentException(
          "'%s' is no region: a region has 1 to 64 of a-z, 0-9 and '-', such as eu-central-1"
              .formatted(region));
    }
  }

  /**
   * As an operator writes it.
   *
   * @param uri "" for AWS
   * @param region "" for none
   * @throws IllegalArgumentException that says what is wrong
   */
  public static S3Endpoint of(String uri, String region, boolean pathStyle) {
    return new S3Endpoint(
        uri.isEmpty() ? null : parse(uri), region.isEmpty() ? null : region, pathStyle);
  }

  private static URI parse(String text) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "'%s' is no endpoint: %s".formatted(text, e.getMessage()), e);
    }
  }

  private static void check(URI uri) {
    String scheme = uri.getScheme();
    boolean http = "http".equals(scheme) || "https".equals(scheme);
    String path = uri.getRawPath();
    boolean bare =
        (path == null || path.isEmpty() || path.equals("/"))
            && uri.getRawQuery() == null
            && uri.getRawFragment() == null
            && uri.getRawUserInfo() == null;
    if (!http || uri.getHost() == null || !bare) {
      throw new IllegalArgumentException(
          "'%s' is no endpoint: write http://HOST:PORT or https://HOST:PORT and nothing else"
              .formatted(uri));
    }
  }
}
