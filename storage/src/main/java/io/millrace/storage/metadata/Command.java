package io.millrace.storage.metadata;

import io.millrace.storage.WriterId;

/**
 * One change, as its issuer handed it over.
 *
 * @param issuer the incarnation that issued it
 * @param number consecutive per issuer; registration is 0
 */
public record Command(WriterId issuer, long number, MetadataRecord record) {
  /**
   * Commands of one incarnation that may be unsettled at a time; a constant of the format, since
   * the image keeps as many hashes.
   */
  public static final int UNSETTLED_MAX = 64;

  /**
   * What the image keeps of it; tells the issuer whether it was this command that was applied under
   * the number.
   */
  long hash() {
    Encoder out = new Encoder();
    EntryCodec.writeCommand(out, this);
    return Hashes.of(out.toArray());
  }
}
