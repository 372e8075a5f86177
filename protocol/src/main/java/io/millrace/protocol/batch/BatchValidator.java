package io.millrace.protocol.batch;

import io.millrace.protocol.batch.BatchVerdict.Accepted;
import io.millrace.protocol.batch.BatchVerdict.RecordError;
import io.millrace.protocol.batch.BatchVerdict.Refused;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.errors.UnsupportedCompressionTypeException;
import org.jspecify.annotations.Nullable;

/**
 * Checks the records field of a produce request with the outcome Apache Kafka 4.3 gives, in its
 * order: framing, size, CRC, header, records. Reads in place; compressed batches stream through a
 * small buffer up to a limit. Safe for any thread. Stricter than Kafka in one thing: a compressed
 * record whose size field lies is refused, since no consumer could read it.
 */
public final class BatchValidator {
  /** Largest size a batch may decompress to. */
  public static final long RECORDS_BYTES_MAX = 256L << 20;

  private static final int LEGACY_OVERHEAD_BYTES = 14;
  private static final int CODEC_MAX = 4;
  private static final int CODEC_ZSTD = 4;
  private static final short ZSTD_PRODUCE_VERSION = 7;

  private final Inflater inflater;
  private final long recordsBytesMax;

  public BatchValidator() {
    this(RECORDS_BYTES_MAX);
  }

  /** With another limit of decompressed bytes. */
  public BatchValidator(long recordsBytesMax) {
    this.inflater = new Inflater();
    this.recordsBytesMax = recordsBytesMax;
  }

  /**
   * Checks the bytes between position and limit.
   *
   * @param records null if the field was null
   * @param produceVersion version of the request
   * @param nowMs wall time
   */
  public BatchVerdict validate(
      @Nullable ByteBuffer records, short produceVersion, BatchRules rules, long nowMs) {
    try {
      if (records == null) {
        throw new InvalidRecordException("The request has no records for the partition.");
      }
      int sizeBytes = checkFraming(records, produceVersion);
      checkHeader(records, sizeBytes, rules);
      return walk(records, sizeBytes, rules, nowMs);
    } catch (ApiException refused) {
      return new Refused(refused, List.of());
    }
  }

  /** Size of the one batch there is. */
  private static int checkFraming(ByteBuffer b, short produceVersion) {
    int at = b.position();
    int size = framedSize(b, at);
    if (size < 0) {
      throw new InvalidRecordException(
          "The records are not one whole batch: " + b.remaining() + " bytes.");
    }
    byte magic = BatchHeader.magic(b, at);
    if (magic != BatchHeader.MAGIC) {
      throw new InvalidRecordException(
          "The batch has magic "
              + magic
              + "; only magic 2 is accepted. Use a client of Kafka 0.11 or later.");
    }
    boolean zstd = size > BatchHeader.HEADER_BYTES && BatchHeader.compression(b, at) == CODEC_ZSTD;
    if (zstd && produceVersion < ZSTD_PRODUCE_VERSION) {
      throw new UnsupportedCompressionTypeException(
          "zstd needs produce version 7 or later, the request has version " + produceVersion + ".");
    }
    if (framedSize(b, at + size) >= 0) {
      throw new InvalidRecordException("Only one batch per partition may be produced at a time.");
    }
    return size;
  }

  /** Size of the batch at a position; -1 if no whole batch is there. */
  private static int framedSize(ByteBuffer b, int at) {
    int remaining = b.limit() - at;
    if (remaining < BatchHeader.LENGTH_OVERHEAD) {
      return -1;
    }
    int length = b.getInt(at + BatchHeader.LENGTH_AT);
    if (length < LEGACY_OVERHEAD_BYTES) {
      throw new CorruptRecordException(
          "The batch says it is " + length + " bytes long, less than any batch is.");
    }
    if (remaining <= BatchHeader.MAGIC_AT) {
      return -1;
    }
    byte magic = BatchHeader.magic(b, at);
    if (magic < 0 || magic > BatchHeader.MAGIC) {
      throw new CorruptRecordException("The batch has the unknown magic " + magic + ".");
    }
    return length > remaining - BatchHeader.LENGTH_OVERHEAD
        ? -1
        : length + BatchHeader.LENGTH_OVERHEAD;
  }

  private static void checkHeader(ByteBuffer b, int sizeBytes, BatchRules rules) {
    int at = b.position();
    if (BatchHeader.baseOffset(b, at) != 0) {
      throw new InvalidRecordException(
          "The base offset of the batch is "
              + BatchHeader.baseOffset(b, at)
              + "; clients must send 0.");
    }
    if (sizeBytes > rules.batchBytesMax()) {
      throw tooLarge(sizeBytes, rules);
    }
    if (sizeBytes < BatchHeader.HEADER_BYTES) {
      throw new CorruptRecordException(
          "The batch of " + sizeBytes + " bytes is shorter than its header.");
    }
    if (BatchHeader.crc(b, at) != BatchHeader.computeCrc(b, at, sizeBytes)) {
      throw new CorruptRecordException("The CRC of the batch does not match its bytes.");
    }
    if (BatchHeader.compression(b, at) > CODEC_MAX) {
      throw new UnknownServerException(
          "The batch names the unknown compression codec " + BatchHeader.compression(b, at) + ".");
    }
    int count = BatchHeader.recordCount(b, at);
    int lastDelta = BatchHeader.lastOffsetDelta(b, at);
    if (count <= 0 || lastDelta != count - 1) {
      throw new InvalidRecordException(
          "The batch says it has "
              + count
              + " records and the last offset delta "
              + lastDelta
              + ".");
    }
    if (BatchHeader.producerId(b, at) >= 0 && BatchHeader.baseSequence(b, at) < 0) {
      throw new InvalidRecordException(
          "The batch of producer %d has the sequence number %d."
              .formatted(BatchHeader.producerId(b, at), BatchHeader.baseSequence(b, at)));
    }
    if (BatchHeader.control(b, at)) {
      throw new InvalidRecordException("Clients must not write control batches.");
    }
  }

  static RecordTooLargeException tooLarge(long sizeBytes, BatchRules rules) {
    return new RecordTooLargeException(
        "The batch has "
            + sizeBytes
            + " bytes, max.message.bytes is "
            + rules.batchBytesMax()
            + ".");
  }

  private BatchVerdict walk(ByteBuffer b, int sizeBytes, BatchRules rules, long nowMs) {
    int at = b.position();
    RecordWalk walk = new RecordWalk(b, at, rules, nowMs);
    if (BatchHeader.compression(b, at) == 0) {
      walkAll(walk, new PlainRecordBytes(b, at + BatchHeader.HEADER_BYTES, at + sizeBytes));
    } else {
      try (Inflater.Inflation inflation = inflater.open(b, at, sizeBytes, recordsBytesMax)) {
        walkAll(walk, inflation.bytes());
      } catch (IOException unreadable) {
        throw undecodable(unreadable);
      }
    }
    List<RecordError> errors = walk.errors();
    if (!errors.isEmpty()) {
      return new Refused(walk.summary(), errors);
    }
    return new Accepted(
        sizeBytes,
        BatchHeader.recordCount(b, at),
        walk.maxTimestamp(),
        walk.dense(),
        walk.recordsBytes());
  }

  private static void walkAll(RecordWalk walk, RecordBytes bytes) {
    try {
      walk.run(bytes);
    } catch (EOFException ended) {
      throw new InvalidRecordException("The records end before the batch says they do.");
    } catch (RecordBytes.MalformedException malformed) {
      throw new InvalidRecordException("A record cannot be read: " + malformed.getMessage() + ".");
    } catch (IOException unreadable) {
      throw undecodable(unreadable);
    }
  }

  private static UnknownServerException undecodable(IOException cause) {
    return new UnknownServerException("The records cannot be decompressed: " + cause.getMessage());
  }
}
