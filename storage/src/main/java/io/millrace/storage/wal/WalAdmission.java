package io.millrace.storage.wal;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Decides whether the WAL takes a batch, by the bytes it has taken and not written. A FileWal sets
 * a limit when it cannot get another file or its publications lag, and what is taken then fits what
 * is left of the current file; an ObjectWal always has one. The loop sets it; any thread asks.
 */
final class WalAdmission {
  private final int frameBytes;
  private final AtomicLong queuedBytes = new AtomicLong();
  private volatile Room room = Room.PLENTY;

  /**
   * Bytes that may be queued; {@code reason} says why it is not {@link #PLENTY}.
   *
   * @param lastBytes of {@code reservedBytes}, which nobody counts on who asks first
   */
  private record Room(long bytes, long reservedBytes, long lastBytes, String reason) {
    private static final Room PLENTY = new Room(Long.MAX_VALUE, Long.MAX_VALUE, 0, "");
  }

  /** {@code frameBytes}: what an entry takes beside its one batch. */
  WalAdmission(int frameBytes) {
    this.frameBytes = frameBytes;
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

  /** As {@link Wal#hasReserve}: those who were told so may write at the same time. */
  boolean hasReserve() {
    Room present = room;
    return queuedBytes.get() < present.reservedBytes() - present.lastBytes();
  }

  void onWritten(WalBatch batch) {
    queuedBytes.addAndGet(-cost(batch));
  }

  void plenty() {
    room = Room.PLENTY;
  }

  /**
   * No more than {@code bytesLeft} may be taken; the last {@code reserveBytes} of it by the few.
   */
  void limit(long bytesLeft, long reserveBytes, String reason) {
    room = new Room(bytesLeft - reserveBytes, bytesLeft, reserveBytes / 2, reason);
  }

  /** Only those who may use the reserve are taken. */
  void reservedOnly(String reason) {
    room = new Room(0, Long.MAX_VALUE, 0, reason);
  }

  /** In the worst case a batch is an entry of its own. */
  private long cost(WalBatch batch) {
    return (long) batch.bytes().remaining() + frameBytes;
  }
}
