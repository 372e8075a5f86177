package io.millrace.coordinator.group.classic;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

/**
 * What consumers put into the classic protocol's opaque bytes: a version and a message. The bytes
 * are a client's, so they may be anything.
 */
public final class EmbeddedProtocol {
  /** The protocol type of consumers. */
  public static final String TYPE = "consumer";

  private EmbeddedProtocol() {}

  /** Empty if these are not a subscription's bytes. */
  public static Optional<ConsumerProtocolSubscription> subscription(byte[] bytes) {
    ConsumerProtocolSubscription read = new ConsumerProtocolSubscription();
    return reads(read, bytes, ConsumerProtocolSubscription.HIGHEST_SUPPORTED_VERSION)
        ? Optional.of(read)
        : Optional.empty();
  }

  /** Empty if these are not an assignment's bytes; no bytes are an assignment of nothing. */
  public static Optional<ConsumerProtocolAssignment> assignment(byte[] bytes) {
    ConsumerProtocolAssignment read = new ConsumerProtocolAssignment();
    return bytes.length == 0
            || reads(read, bytes, ConsumerProtocolAssignment.HIGHEST_SUPPORTED_VERSION)
        ? Optional.of(read)
        : Optional.empty();
  }

  /** The version in front of the bytes; the oldest if there is none. */
  public static short version(byte[] bytes) {
    return bytes.length < Short.BYTES ? 0 : ByteBuffer.wrap(bytes).getShort();
  }

  /**
   * An assignment in the bytes a member expects.
   *
   * @param version of the member's subscription
   */
  public static byte[] bytes(Map<String, Set<Integer>> partitions, short version) {
    ConsumerProtocolAssignment assignment = new ConsumerProtocolAssignment();
    partitions.forEach((topic, numbers) ->
        assignment
            .assignedPartitions()
            .add(
                new ConsumerProtocolAssignment.TopicPartition()
                    .setTopic(topic)
                    .setPartitions(numbers.stream().sorted().toList())));
    short newest = ConsumerProtocolAssignment.HIGHEST_SUPPORTED_VERSION;
    return MessageUtil.toVersionPrefixedBytes((short) Math.clamp(version, 0, newest), assignment);
  }

  private static boolean reads(Message into, byte[] bytes, short newest) {
    short version = version(bytes);
    if (bytes.length < Short.BYTES || version < 0) {
      return false;
    }
    try {
      // a newer version only adds fields, which are left unread
      into.read(
          new ByteBufferAccessor(ByteBuffer.wrap(bytes, Short.BYTES, bytes.length - Short.BYTES)),
          (short) Math.min(version, newest));
      return true;
    } catch (RuntimeException malformed) {
      // what generated readers throw for lengths that cannot be
      return false;
    }
  }
}
