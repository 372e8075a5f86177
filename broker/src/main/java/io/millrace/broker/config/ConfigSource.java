package io.millrace.broker.config;

/** Where a value comes from; those of a topic in Kafka's order of precedence. */
public enum ConfigSource {
  TOPIC(1),
  DYNAMIC_BROKER(2),
  DYNAMIC_CLUSTER_DEFAULT(3),
  /** The file or the command line. */
  STATIC(4),
  DEFAULT(5),
  BROKER_LOGGER(6),
  CLIENT_METRICS(7),
  GROUP(8);

  private final byte wireId;

  ConfigSource(int wireId) {
    this.wireId = (byte) wireId;
  }

  /** The number a DescribeConfigs response carries. */
  public byte wireId() {
    return wireId;
  }
}
