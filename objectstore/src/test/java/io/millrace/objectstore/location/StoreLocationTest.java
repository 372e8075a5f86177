package io.millrace.objectstore.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.millrace.objectstore.s3.S3Bucket;
import io.millrace.objectstore.s3.S3Endpoint;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StoreLocationTest {
  @ParameterizedTest
  @ValueSource(strings = {"file:/srv/store", "file:///srv/store", "file:/srv/x/../store/"})
  void aFileLocationIsAFolder(String text) {
    assertThat(StoreLocation.parse(text, S3Endpoint.AWS))
        .isEqualTo(new StoreLocation.Directory(Path.of("/srv/store")))
        .hasToString("file:/srv/store");
  }

  @Test
  void aRelativeFolderIsUnderTheWorkingDirectory() {
    assertThat(StoreLocation.parse("file:data/store", S3Endpoint.AWS))
        .isEqualTo(new StoreLocation.Directory(Path.of("data/store").toAbsolutePath()));
  }

  @ParameterizedTest
  @CsvSource({
    "s3://my-bucket, my-bucket, ''",
    "s3://my-bucket/, my-bucket, ''",
    "s3://my.bucket/clusters/one, my.bucket, clusters/one",
    "s3://my-bucket/one/, my-bucket, one"
  })
  void anS3LocationIsABucketAndAPrefix(String text, String bucket, String prefix) {
    S3Endpoint endpoint = S3Endpoint.of("http://127.0.0.1:9000", "eu-central-1", true);

    assertThat(StoreLocation.parse(text, endpoint))
        .isEqualTo(new StoreLocation.Bucket(new S3Bucket(bucket, prefix, endpoint)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\" | '' is no store: write file:DIR or s3://BUCKET/PREFIX",
        "/srv/store | '/srv/store' is no store: write file:DIR or s3://BUCKET/PREFIX",
        "gs://bucket | 'gs://bucket' is no store: write file:DIR or s3://BUCKET/PREFIX",
        "s3:bucket | 's3:bucket' is no store: write file:DIR or s3://BUCKET/PREFIX",
        "file: | 'file:' names no folder: write file:DIR",
        "file://host/dir | 'file://host/dir' names a host",
        "s3:// | '' is no bucket",
        "s3://B/x | 'B' is no bucket: its name has 3 to 63 of a-z, 0-9, '.' and '-'",
        "s3://my_bucket/x | 'my_bucket' is no bucket",
        "s3://bucket//x | '/x' is no prefix",
        "s3://bucket/a/../b | 'a/../b' is no prefix",
        "s3://bucket/a b | 'a b' is no prefix"
      })
  void whatIsWrongIsSaidWithTheValue(String text, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> StoreLocation.parse(text, S3Endpoint.AWS))
        .withMessageStartingWith(message);
  }

  @Test
  void aPrefixLeavesRoomForTheLongestKey() {
    String longest = "p".repeat(S3Bucket.PREFIX_BYTES_MAX);
    StoreLocation.parse("s3://bucket/" + longest, S3Endpoint.AWS);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> StoreLocation.parse("s3://bucket/" + longest + "p", S3Endpoint.AWS))
        .withMessage("a prefix has at most 255 bytes, this one 256");
  }

  @Test
  void whatIsNotGivenIsLeftToTheSdk() {
    assertThat(S3Endpoint.of("", "", false)).isEqualTo(S3Endpoint.AWS);
    assertThat(S3Endpoint.of("https://s3.example.com", "", true))
        .isEqualTo(new S3Endpoint(URI.create("https://s3.example.com"), null, true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:9000",
        "ftp://host",
        "http://",
        "http:///path",
        "http://host/path",
        "http://host?a=b",
        "http://user:secret@host",
        "http://ho st"
      })
  void anEndpointIsSchemeHostAndPort(String uri) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> S3Endpoint.of(uri, "", true))
        .withMessageContaining("is no endpoint");
  }

  @Test
  void aRegionIsAName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> S3Endpoint.of("", "EU Central", true))
        .withMessageStartingWith("'EU Central' is no region");
  }
}
