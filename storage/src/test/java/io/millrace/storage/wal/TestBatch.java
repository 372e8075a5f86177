package io.millrace.storage.wal;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.Chunk;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;

/** A batch that remembers what became of it. */
public final class TestBatch implements WalBatch {
  public final long baseOffset;
  private final PartitionId partition;
  private final ByteBuffer bytes;
  private final boolean mayUseReserve;
  private final Runnable onFate;
  public @Nullable WalEndedException ended;
  public boolean durable;
  public byte[] inChunk = {};
  public @Nullable Chunk chunk;
  public int chunkPosition;
  public long fileCounter;
  public long filePosition;

  public TestBatch(
      PartitionId partition, ByteBuffer bytes, boolean mayUseReserve, Runnable onFate) {
    this.partition = partition;
    this.bytes = bytes;
    this.mayUseReserve = mayUseReserve;
    this.onFate = onFate;
    this.baseOffset = BatchHeader.baseOffset(bytes, 0);
  }

  public static PartitionId partition(int number) {
    return new PartitionId(new Uuid(7, 9), number);
  }

  /** A batch of {@code records} records with {@code valueBytes} bytes that differ for every tag. */
  public static ByteBuffer bytes(long baseOffset, int records, int valueBytes, long tag) {
    SimpleRecord[] made = new SimpleRecord[records];
    for (int i = 0; i < records; i++) {
      byte[] value = new byte[valueBytes];
      byte[] text = (tag + "/" + i).getBytes(StandardCharsets.US_ASCII);
      for (int at = 0; at < valueBytes; at++) {
        value[at] = text[at % text.length];
      }
      made[i] = new SimpleRecord(1000 + tag, null, value);
    }
    MemoryRecords all = MemoryRecords.withRecords(baseOffset, Compression.NONE, made);
    ByteBuffer bytes = ByteBuffer.allocate(all.sizeInBytes());
    bytes.put(all.buffer().duplicate()).flip();
    BatchHeader.assign(bytes, 0, baseOffset, 3);
    return bytes;
  }

  public static byte[] copy(ByteBuffer bytes, int at, int length) {
    byte[] copy = new byte[length];
    bytes.get(at, copy);
    return copy;
  }

  public byte[] array() {
    return copy(bytes, 0, bytes.limit());
  }

  public long endOffset() {
    return BatchHeader.lastOffset(bytes, 0) + 1;
  }

  @Override
  public PartitionId partition() {
    return partition;
  }

  @Override
  public ByteBuffer bytes() {
    return bytes;
  }

  @Override
  public boolean mayUseReserve() {
    return mayUseReserve;
  }

  @Override
  public void onDurable(Chunk in, int at, long counter, long position) {
    durable = true;
    chunk = in;
    chunkPosition = at;
    fileCounter = counter;
    filePosition = position;
    inChunk = copy(in.bytes(), at, bytes.limit());
    onFate.run();
  }

  @Override
  public void onEnded(WalEndedException cause) {
    ended = cause;
    onFate.run();
  }
}
