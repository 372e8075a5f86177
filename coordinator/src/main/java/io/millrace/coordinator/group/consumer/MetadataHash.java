package io.millrace.coordinator.group.consumer;

import io.millrace.storage.metadata.MetadataImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Set;
import java.util.TreeSet;

/**
 * Tells two states of the topics of a group apart: which exist, as what, with how many partitions.
 * Racks are not part of it, for no assignor here looks at them.
 */
final class MetadataHash {
  private MetadataHash() {}

  /** 0 if none of the topics exists. */
  static long of(Set<String> topics, MetadataImage image) {
    MessageDigest digest = sha256();
    boolean any = false;
    for (String name : new TreeSet<>(topics)) {
      MetadataImage.Topic topic = image.topic(name);
      if (topic == null) {
        continue;
      }
      any = true;
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      digest.update(
          ByteBuffer.allocate(bytes.length + 2 * Long.BYTES + 2 * Integer.BYTES)
              .putInt(bytes.length)
              .put(bytes)
              .putLong(topic.id().getMostSignificantBits())
              .putLong(topic.id().getLeastSignificantBits())
              .putInt(topic.partitions().size())
              .flip());
    }
    return any ? ByteBuffer.wrap(digest.digest()).getLong() : 0;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
