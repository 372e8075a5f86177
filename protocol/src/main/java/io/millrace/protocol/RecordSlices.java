package io.millrace.protocol;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;
import org.jspecify.annotations.Nullable;

/**
 * The records field of a response as bytes lent by their owner: written to the network from where
 * they lie, and given back by {@link #release} once they are written or never will be.
 */
public final class RecordSlices implements BaseRecords {
  private final List<ByteBuffer> buffers;
  private final int sizeBytes;
  private final AtomicReference<@Nullable Runnable> release;

  public RecordSlices(List<ByteBuffer> buffers, Runnable release) {
    this.buffers = List.copyOf(buffers);
    int sum = 0;
    for (ByteBuffer b : this.buffers) {
      sum = Math.addExact(sum, b.remaining());
    }
    this.sizeBytes = sum;
    this.release = new AtomicReference<>(release);
  }

  public List<ByteBuffer> buffers() {
    return buffers;
  }

  /** Gives the bytes back; only the first call does. */
  public void release() {
    Runnable action = release.getAndSet(null);
    if (action != null) {
      action.run();
    }
  }

  @Override
  public int sizeInBytes() {
    return sizeBytes;
  }

  @Override
  public RecordsSend<? extends BaseRecords> toSend() {
    throw new UnsupportedOperationException("written by ResponseEncoder");
  }
}
