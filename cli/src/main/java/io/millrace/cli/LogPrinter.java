package io.millrace.cli;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.jspecify.annotations.Nullable;

/** A log for people: a line for each object, batch and, if wanted, record. */
final class LogPrinter implements LogOutput {
  private final PrintStream out;
  private final boolean records;

  LogPrinter(PrintStream out, boolean records) {
    this.out = out;
    this.records = records;
  }

  @Override
  public void begin(String name, PartitionId id, Partition partition) {
    out.println(
        "%s (%s), led by %s at epoch %d, log start %d"
            .formatted(
                name,
                id,
                partition.leader().map(WriterId::toString).orElse("nobody"),
                partition.leaderEpoch(),
                partition.logStart()));
    partition
        .checkpoint()
        .ifPresent(checkpoint ->
            out.println(
                "checkpoint %s up to offset %d".formatted(checkpoint.key(), checkpoint.end())));
  }

  @Override
  public void part(ObjectInfo object, PartitionFooter footer) {
    out.println(
        "object %s, level %d: offsets [%d, %d), %d records, %d bytes in %d runs, largest timestamp %d at %d%s"
            .formatted(
                object.key(),
                object.level(),
                footer.baseOffset(),
                footer.endOffset(),
                footer.recordCount(),
                footer.bytes(),
                footer.runs().size(),
                footer.maxTimestamp(),
                footer.maxTimestampOffset(),
                footer.isCompacted() ? ", compacted to " + footer.compactedTo() : ""));
    footer
        .epochs()
        .forEach(epoch ->
            out.println(
                "  leader epoch %d from offset %d"
                    .formatted(epoch.leaderEpoch(), epoch.startOffset())));
    footer
        .producers()
        .forEach(producer ->
            out.println(
                "  producer %d epoch %d: last sequence %d, coordinator epoch %d, open transaction from %d"
                    .formatted(
                        producer.producerId(),
                        producer.producerEpoch(),
                        producer.batches().isEmpty()
                            ? -1
                            : producer.batches().getLast().lastSequence(),
                        producer.coordinatorEpoch(),
                        producer.transactionFirstOffset())));
    footer
        .abortedTransactions()
        .forEach(aborted ->
            out.println(
                "  aborted: producer %d, offsets %d to %d"
                    .formatted(aborted.producerId(), aborted.firstOffset(), aborted.lastOffset())));
  }

  @Override
  public void tail(String key) {
    out.println("log " + key + ", not published yet");
  }

  @Override
  public void batch(ByteBuffer bytes, long position) {
    MutableRecordBatch batch = MemoryRecords.readableRecords(bytes).batches().iterator().next();
    out.println(
        "  batch [%d, %d] at %d: %s records, %d bytes, leader epoch %d, %s %d, codec %s, producer %d epoch %d sequence %d%s, crc %08x"
            .formatted(
                batch.baseOffset(),
                batch.lastOffset(),
                position,
                batch.countOrNull(),
                batch.sizeInBytes(),
                batch.partitionLeaderEpoch(),
                batch.timestampType(),
                batch.maxTimestamp(),
                batch.compressionType().name,
                batch.producerId(),
                batch.producerEpoch(),
                batch.baseSequence(),
                batch.isControlBatch()
                    ? ", control"
                    : batch.isTransactional() ? ", transactional" : "",
                batch.checksum()));
    if (records) {
      batch.forEach(record -> print(record, batch.isControlBatch()));
    }
  }

  private void print(Record record, boolean control) {
    String what =
        control
            ? ControlRecordType.parse(record.key()).name()
            : "key %s value %s".formatted(text(record.key()), text(record.value()));
    out.println("    %d at %d: %s".formatted(record.offset(), record.timestamp(), what));
  }

  private static String text(@Nullable ByteBuffer bytes) {
    return bytes == null ? "null" : "'" + StandardCharsets.UTF_8.decode(bytes.duplicate()) + "'";
  }

  @Override
  public void end(long endOffset) {
    out.println("end offset " + endOffset);
  }

  @Override
  public void close() {}
}
