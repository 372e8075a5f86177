package io.millrace.storage;

import io.millrace.runtime.Randomness;
import org.apache.kafka.common.Uuid;

/** Ids of topics and of the cluster: random UUIDs of version 4, so none that Kafka reserves. */
public final class RandomUuid {
  private static final long VERSION_4 = 0x4000L;
  private static final long VERSION_BITS = 0xF000L;
  private static final long VARIANT_2 = 0x8000_0000_0000_0000L;
  private static final long VARIANT_BITS = 0xC000_0000_0000_0000L;

  private RandomUuid() {}

  /** One whose text does not begin with a dash, which command lines would take for an option. */
  public static Uuid next(Randomness randomness) {
    Uuid id;
    do {
      id =
          new Uuid(
              (randomness.nextLong() & ~VERSION_BITS) | VERSION_4,
              (randomness.nextLong() & ~VARIANT_BITS) | VARIANT_2);
    } while (id.toString().startsWith("-"));
    return id;
  }
}
