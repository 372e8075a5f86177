package io.millrace.storage.log;

import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.object.Footer.AbortedTransaction;
import java.nio.ByteBuffer;
import java.util.List;

/** Bytes lent to a reader with the offsets that held when they were read. */
record HeldSlice(
    List<ByteBuffer> buffers,
    int sizeBytes,
    long highWatermark,
    long lastStableOffset,
    long logStart,
    List<AbortedTransaction> abortedTransactions,
    Runnable giveBack)
    implements LogSlice {

  @Override
  public void release() {
    giveBack.run();
  }
}
