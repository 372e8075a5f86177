package io.millrace.broker.produce;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidPidMappingException;

/**
 * The transactional batches of one produce request, as far as their transaction's coordinator is
 * asked about them.
 *
 * @param version of the request, which says what the client leaves to the brokers
 * @param first per partition its name and the first sequence number of its batch
 */
public record TransactionalRequest(
    String transactionalId,
    long producerId,
    short producerEpoch,
    short version,
    Map<PartitionId, First> first) {
  /** From this version on the brokers add partitions to the transaction (KIP-890). */
  private static final int BROKERS_ADD = 12;

  /** From this version on the client knows that it should abort. */
  private static final int KNOWS_ABORTABLE = 11;

  /** Where a partition's batch begins. */
  public record First(TopicPartition name, int sequence) {}

  boolean brokersAdd() {
    return version >= BROKERS_ADD;
  }

  boolean knowsAbortable() {
    return version >= KNOWS_ABORTABLE;
  }

  /** Whether these records, not checked yet, say that they are transactional. */
  public static boolean isTransactional(ByteBuffer records) {
    return records.remaining() >= BatchHeader.HEADER_BYTES
        && BatchHeader.magic(records, records.position()) == BatchHeader.MAGIC
        && BatchHeader.transactional(records, records.position());
  }

  /** Gathers the batches of a request, all of one producer. */
  public static final class Builder {
    private final String transactionalId;
    private final short version;
    private final Map<PartitionId, First> first = new HashMap<>();
    private long producerId = -1;
    private short producerEpoch = -1;

    public Builder(String transactionalId, short version) {
      this.transactionalId = transactionalId;
      this.version = version;
    }

    /**
     * @param records that are transactional; those without a producer are left out
     */
    public void add(PartitionId id, TopicPartition name, ByteBuffer records) {
      int at = records.position();
      long batchProducer = BatchHeader.producerId(records, at);
      short batchEpoch = BatchHeader.producerEpoch(records, at);
      if (batchProducer < 0) {
        return;
      }
      if (!first.isEmpty() && (batchProducer != producerId || batchEpoch != producerEpoch)) {
        throw new InvalidPidMappingException(
            "The transactional batches of one request come from producers %d at epoch %d and %d at epoch %d."
                .formatted(producerId, producerEpoch, batchProducer, batchEpoch));
      }
      producerId = batchProducer;
      producerEpoch = batchEpoch;
      first.putIfAbsent(id, new First(name, BatchHeader.baseSequence(records, at)));
    }

    public TransactionalRequest build() {
      return new TransactionalRequest(
          transactionalId, producerId, producerEpoch, version, Map.copyOf(first));
    }
  }
}
