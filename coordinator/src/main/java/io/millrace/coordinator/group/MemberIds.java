package io.millrace.coordinator.group;

import io.millrace.runtime.Randomness;
import io.millrace.storage.RandomUuid;
import java.util.UUID;
import org.apache.kafka.common.Uuid;

/** New member ids. */
public final class MemberIds {
  private final Randomness randomness;

  public MemberIds(Randomness randomness) {
    this.randomness = randomness;
  }

  /** A name that people recognise, and what tells it from all others. */
  public String next(String name) {
    return name + "-" + hexUuid();
  }

  /** In the form of members of the consumer protocol. */
  public String next() {
    return RandomUuid.next(randomness).toString();
  }

  private String hexUuid() {
    Uuid id = RandomUuid.next(randomness);
    return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits()).toString();
  }
}
