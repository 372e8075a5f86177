package io.millrace.storage.metadata;

import io.millrace.storage.Keys;
import java.nio.ByteBuffer;

/**
 * Names a snapshot that replaces the entries up to its number. Bytes: docs/formats/metadata.md.
 *
 * @param number its k, consecutive from 1
 * @param entryNumber the last entry in the snapshot
 * @param entryHash hash of that entry
 */
record Boundary(
    long number, long entryNumber, long entryHash, String snapshotKey, long snapshotBytes) {
  static final int BYTES_MAX = 4096;

  private static final int MAGIC = 0x4d424e44; // MBND
  private static final int VERSION = 1;

  byte[] encode() {
    return new Encoder()
        .i32(MAGIC)
        .u16(VERSION)
        .i64(number)
        .i64(entryNumber)
        .i64(entryHash)
        .text(snapshotKey)
        .i64(snapshotBytes)
        .withCrc();
  }

  static Boundary decode(long number, ByteBuffer body) {
    Decoder in = Decoder.open(Keys.boundary(number), body, MAGIC, VERSION);
    Boundary boundary = new Boundary(in.i64(), in.i64(), in.i64(), in.text(), in.i64());
    in.end();
    if (boundary.number != number
        || boundary.snapshotBytes < 0
        || boundary.snapshotBytes > SnapshotCodec.BYTES_MAX) {
      throw in.corrupt("it holds " + boundary);
    }
    return boundary;
  }
}
