package io.millrace.objectstore.location;

import io.millrace.objectstore.s3.S3Bucket;
import io.millrace.objectstore.s3.S3Endpoint;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Where the store of a cluster is. */
public sealed interface StoreLocation {
  /** A folder that every broker of the cluster sees. */
  record Directory(Path path) implements StoreLocation {
    @Override
    public String toString() {
      return "file:" + path;
    }
  }

  /** A bucket, or the part of one under a prefix. */
  record Bucket(S3Bucket bucket) implements StoreLocation {
    @Override
    public String toString() {
      return bucket.toString();
    }
  }

  /**
   * Reads {@code file:DIR} (also {@code file:///DIR}) or {@code s3://BUCKET/PREFIX}.
   *
   * @param endpoint for a bucket; has no meaning for a folder
   * @throws IllegalArgumentException that says what is wrong
   */
  static StoreLocation parse(String text, S3Endpoint endpoint) {
    if (text.startsWith("file:")) {
      return directory(text, text.substring("file:".length()));
    }
    if (text.startsWith("s3://")) {
      return bucket(text.substring("s3://".length()), endpoint);
    }
    throw new IllegalArgumentException(
        "'%s' is no store: write file:DIR or s3://BUCKET/PREFIX".formatted(text));
  }

  private static Directory directory(String text, String path) {
    String folder = path;
    if (path.startsWith("//")) {
      if (!path.startsWith("///")) {
        throw new IllegalArgumentException(
            "'%s' names a host: write file:DIR or file:///DIR for a folder this machine sees"
                .formatted(text));
      }
      folder = path.substring(2);
    }
    if (folder.isBlank()) {
      throw new IllegalArgumentException("'%s' names no folder: write file:DIR".formatted(text));
    }
    try {
      return new Directory(Path.of(folder).toAbsolutePath().normalize());
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(
          "'%s' is no folder: %s".formatted(text, e.getMessage()), e);
    }
  }

  private static Bucket bucket(String path, S3Endpoint endpoint) {
    int slash = path.indexOf('/');
    String bucket = slash < 0 ? path : path.substring(0, slash);
    String prefix = slash < 0 ? "" : path.substring(slash + 1);
    if (prefix.endsWith("/")) {
      prefix = prefix.substring(0, prefix.length() - 1);
    }
    return new Bucket(new S3Bucket(bucket, prefix, endpoint));
  }
}
