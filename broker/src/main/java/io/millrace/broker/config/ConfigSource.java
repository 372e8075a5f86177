package io.millrace.broker.config;

/** Where a value comes from, in Kafka's order of precedence. */
public enum ConfigSource {
  TOPIC(1),
  DYNAMIC_BROKER(2),
  DYNAMIC_CLUSTER_DEFAULT(3),
  /** The file or the command line. */
  STATIC(4),
  DEFAULT(5);

  private final byte wireId;

  ConfigSource(int wireId) {
    this.wireId = (byte) wireId;
  }

  /** The number a DescribeConfigs response carries. */
  public byte wireId() {
    return wireId;
  }
}
