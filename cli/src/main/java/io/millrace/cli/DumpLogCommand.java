package io.millrace.cli;

import io.millrace.broker.StartException;
import io.millrace.broker.StoreView;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.ObjectAbsentException;
import io.millrace.storage.object.ObjectDump;
import io.millrace.storage.wal.WalDump;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.errors.CorruptRecordException;

/**
 * {@code millrace dump-log}: what is stored of a partition, object by object and batch by batch,
 * and then what write-ahead logs have of it besides; or all of it as a log file of Kafka's.
 */
final class DumpLogCommand {
  private static final String EXPORT = "--export";
  private static final String RECORDS = "--records";

  /** Objects may be merged away while they are read. */
  private static final int IMAGES_MAX = 10;

  private final PrintStream out;

  DumpLogCommand(PrintStream out) {
    this.out = out;
  }

  /**
   * @throws StartException if the arguments are wrong, there is no such partition, or what is
   *     stored of it cannot be read
   */
  void run(List<String> arguments) throws StartException {
    InspectionArguments given =
        InspectionArguments.parse(arguments, Set.of(EXPORT), Set.of(RECORDS));
    String name =
        given
            .word("dump-log")
            .orElseThrow(() -> new StartException("dump-log needs TOPIC-PARTITION"));
    String export = given.values().get(EXPORT);
    try (StoreView view = StoreView.open(given.store());
        LogOutput output =
            export == null
                ? new LogPrinter(out, given.flags().contains(RECORDS))
                : new LogExport(Path.of(export).resolve(name), out)) {
      dump(view, name, output);
    } catch (IOException e) {
      throw new StartException("The log cannot be written: " + e, e);
    } catch (RuntimeException e) {
      Throwable cause = FailureCause.of(e);
      if (cause instanceof CorruptRecordException) {
        throw new StartException(String.valueOf(cause.getMessage()), cause);
      }
      throw e;
    }
  }

  private static void dump(StoreView view, String name, LogOutput output)
      throws StartException, IOException {
    ObjectDump objects = new ObjectDump(view.store());
    Progress progress = new Progress(output);
    for (int images = 1; ; images++) {
      MetadataImage image = view.image(OptionalLong.empty());
      PartitionId id = find(image, name);
      Partition partition = Objects.requireNonNull(image.partition(id));
      if (images == 1) {
        progress.end = partition.logStart();
        output.begin(name, id, partition);
      }
      try {
        List<WalDump.Found> tail = new WalDump(view.store()).run(image, id);
        // what was published and collected before the logs were read stands in this one
        objects.run(view.image(OptionalLong.empty()), id, progress.end, progress);
        progress.tail(tail);
        output.end(progress.end);
        return;
      } catch (RuntimeException e) {
        if (images == IMAGES_MAX || !(FailureCause.of(e) instanceof ObjectAbsentException)) {
          throw e;
        }
      }
    }
  }

  private static PartitionId find(MetadataImage image, String name) throws StartException {
    int dash = name.lastIndexOf('-');
    Topic topic = dash < 0 ? null : image.topic(name.substring(0, dash));
    String number = name.substring(dash + 1);
    if (topic == null || !number.matches("\\d{1,9}")) {
      throw new StartException(
          "There is no partition '%s'; name one as TOPIC-PARTITION, `millrace metadata topics` shows all."
              .formatted(name));
    }
    int partition = Integer.parseInt(number);
    if (partition >= topic.partitions().size()) {
      throw new StartException(
          "Topic %s has partitions 0 to %d."
              .formatted(topic.name(), topic.partitions().size() - 1));
    }
    return new PartitionId(topic.id(), partition);
  }

  /**
   * Where the output has got to: nothing is told twice, though another image lists it elsewhere.
   */
  private static final class Progress implements ObjectDump.Sink {
    private final LogOutput output;
    private long end;

    Progress(LogOutput output) {
      this.output = output;
    }

    @Override
    public void part(ObjectInfo object, PartitionFooter footer) {
      output.part(object, footer);
    }

    @Override
    public void batch(ByteBuffer bytes, int at, long position) {
      long last = BatchHeader.lastOffset(bytes, at);
      if (last >= end) {
        output.batch(bytes.slice(at, BatchHeader.sizeBytes(bytes, at)), position);
        end = last + 1;
      }
    }

    void tail(List<WalDump.Found> found) {
      String key = "";
      for (WalDump.Found each : found) {
        if (!each.key().equals(key) && BatchHeader.lastOffset(each.bytes(), 0) >= end) {
          key = each.key();
          output.tail(key);
        }
        batch(each.bytes(), 0, each.position());
      }
    }
  }
}
