package io.millrace.protocol;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A response frame, length prefix included, ready to be written in order of its buffers.
 *
 * @param sizeBytes sum of the buffers
 * @param lent records among the buffers that must be released after the write
 */
public record EncodedResponse(List<ByteBuffer> buffers, int sizeBytes, List<RecordSlices> lent) {
  public EncodedResponse {
    buffers = List.copyOf(buffers);
    lent = List.copyOf(lent);
  }

  /** After the write, or when there will be none. */
  public void release() {
    lent.forEach(RecordSlices::release);
  }
}
