package io.millrace.storage.wal;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Decides whether the WAL takes a batch: always, unless it cannot get another file or its
 * publications lag. What is taken then fits what is left of the current file. The loop sets the
 * limits; any thread asks.
 */
final class WalAdmission {
  private final AtomicLong queuedBytes = new AtomicLong();
  private volatile Room room = Room.PLENTY;

  /** Bytes that may be queued; {@code reason} says why it is not {@link #PLENTY}. */
  private record Room(long bytes, long reservedBytes, String reason) {
    private static final Room PLENTY = new Room(Long.MAX_VALUE, Long.MAX_VALUE, "");
  }

  /**
   * @throws WalFullException if there is no room at present
   */
  void take(WalBatch batch) {
    long cost = cost(batch);
    Room present = room;
    long bytes = batch.mayUseReserve() ? present.reservedBytes() : present.bytes();
    if (bytes != Long.MAX_VALUE && queuedBytes.get() + cost > bytes) {
      throw new WalFullException(present.reason());
    }
    queuedBytes.addAndGet(cost);
  }

  void onWritten(WalBatch batch) {
    queuedBytes.addAndGet(-cost(batch));
  }

  void plenty() {
    room = Room.PLENTY;
  }

  /** Only what is left of a file may be used; the last {@code reserveBytes} of it by the few. */
  void limit(long bytesLeft, long reserveBytes, String reason) {
    room = new Room(bytesLeft - reserveBytes, bytesLeft, reason);
  }

  /** Only those who may use the reserve are taken. */
  void reservedOnly(String reason) {
    room = new Room(0, Long.MAX_VALUE, reason);
  }

  /** In the worst case a batch is an entry of its own. */
  private static long cost(WalBatch batch) {
    return (long) batch.bytes().remaining() + WalEntryCodec.ALIGNMENT;
  }
}
