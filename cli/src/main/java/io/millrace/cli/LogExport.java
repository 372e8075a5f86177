package io.millrace.cli;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A log as Kafka keeps it: one segment, whose name is its first offset, in a folder named after the
 * partition. {@code kafka-dump-log} reads it.
 */
final class LogExport implements LogOutput {
  private final Path folder;
  private final PrintStream out;
  private @Nullable FileChannel segment;
  private long bytes;

  LogExport(Path folder, PrintStream out) {
    this.folder = folder;
    this.out = out;
  }

  @Override
  public void begin(String name, PartitionId id, Partition partition) throws IOException {
    Files.createDirectories(folder);
  }

  @Override
  public void part(ObjectInfo object, PartitionFooter footer) {}

  @Override
  public void tail(String key) {}

  @Override
  public void batch(ByteBuffer batch, long position) {
    try {
      FileChannel file = segment;
      if (file == null) {
        Path path = folder.resolve("%020d.log".formatted(BatchHeader.baseOffset(batch, 0)));
        file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        segment = file;
        out.println(path);
      }
      bytes += batch.remaining();
      while (batch.hasRemaining()) {
        file.write(batch);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void end(long endOffset) {
    out.println("%d bytes, up to offset %d".formatted(bytes, endOffset));
  }

  @Override
  public void close() throws IOException {
    if (segment != null) {
      segment.close();
    }
  }
}
