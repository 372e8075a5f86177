package io.millrace.broker.quota;

import java.util.Optional;

/** What is limited, with Kafka's key for it. */
public enum QuotaType {
  PRODUCE("producer_byte_rate", true),
  FETCH("consumer_byte_rate", true),
  /** Percent of the time of one network loop. */
  REQUEST("request_percentage", false),
  /** Partitions created or deleted. */
  CONTROLLER_MUTATION("controller_mutation_rate", false),
  CONNECTION_CREATION("connection_creation_rate", true);

  private final String key;
  private final boolean whole;

  QuotaType(String key, boolean whole) {
    this.key = key;
    this.whole = whole;
  }

  public String key() {
    return key;
  }

  /** Whether Kafka takes no fraction for it. */
  public boolean whole() {
    return whole;
  }

  /** Whether it is of addresses, not of users and client ids. */
  public boolean ofAddresses() {
    return this == CONNECTION_CREATION;
  }

  public static Optional<QuotaType> find(String key) {
    for (QuotaType type : values()) {
      if (type.key.equals(key)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
