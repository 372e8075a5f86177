package io.millrace.cli;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where a dumped log goes. */
interface LogOutput extends AutoCloseable {
  void begin(String name, PartitionId id, Partition partition) throws IOException;

  /** What follows lies in this object. */
  void part(ObjectInfo object, PartitionFooter footer);

  /** What follows lies in this part of a write-ahead log, and in no listed object. */
  void tail(String key);

  /**
   * @param batch one whole batch; valid during the call
   */
  void batch(ByteBuffer batch, long position);

  void end(long endOffset) throws IOException;

  @Override
  void close() throws IOException;
}
