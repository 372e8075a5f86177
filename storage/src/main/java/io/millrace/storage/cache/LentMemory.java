package io.millrace.storage.cache;

/**
 * Bounds memory that readers hold until what they have read is sent, which slow clients put off.
 * Any thread may call.
 */
public final class LentMemory {
  private final long bytesMax;
  private long bytes;

  public LentMemory(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /**
   * Lends as much, to be given back; while nothing is lent whatever is asked for.
   *
   * @throws BlocksLentException if that is more than may be lent
   */
  public synchronized void take(int wanted) {
    if (bytes > 0 && bytes + wanted > bytesMax) {
      throw new BlocksLentException();
    }
    bytes += wanted;
  }

  public synchronized void giveBack(int given) {
    bytes -= given;
  }

  public synchronized long bytes() {
    return bytes;
  }
}
