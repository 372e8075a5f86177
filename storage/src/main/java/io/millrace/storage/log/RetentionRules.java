package io.millrace.storage.log;

import io.millrace.storage.metadata.MetadataImage;
import org.apache.kafka.common.Uuid;

/** How long records stay, as configured now; asked anew at each look. Any thread may call. */
public interface RetentionRules {
  Limits limits(MetadataImage image, Uuid topicId);

  /** Time between two looks at every partition. */
  long intervalMs();

  /**
   * Limits of each partition of a topic.
   *
   * @param ageMsMax by the time records carry; negative for none
   * @param bytesMax of its batches; negative for none
   */
  record Limits(long ageMsMax, long bytesMax) {
    public static final Limits NONE = new Limits(-1, -1);

    boolean none() {
      return ageMsMax < 0 && bytesMax < 0;
    }
  }
}
