package io.millrace.broker.produce;

import io.millrace.broker.config.TopicSettings;
import org.apache.kafka.common.compress.Compression;
import org.jspecify.annotations.Nullable;

/** The codec a topic's batches are stored with. */
final class Compressions {
  private static final String PRODUCER = "producer";
  private static final int CODEC_DEFAULT = -1;

  private Compressions() {}

  /** Null if each batch keeps what it came with. */
  static @Nullable Compression of(TopicSettings topic) {
    return switch (topic.compressionType()) {
      case PRODUCER -> null;
      case "gzip" ->
          topic.gzipLevel() == CODEC_DEFAULT
              ? Compression.gzip().build()
              : Compression.gzip().level(topic.gzipLevel()).build();
      case "snappy" -> Compression.snappy().build();
      case "lz4" -> Compression.lz4().level(topic.lz4Level()).build();
      case "zstd" -> Compression.zstd().level(topic.zstdLevel()).build();
      default -> Compression.NONE;
    };
  }
}
