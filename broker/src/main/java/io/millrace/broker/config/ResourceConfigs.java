package io.millrace.broker.config;

/** The configs of everything that has some, as one broker describes and changes them. */
public record ResourceConfigs(
    BrokerConfigs brokers, TopicConfigs topics, GroupConfigs groups, LoggerLevels loggers) {

  /**
   * @param nodeId the one the broker is registered with, given or claimed
   */
  public static ResourceConfigs of(BrokerConfig start, int nodeId, LoggerLevels loggers) {
    return new ResourceConfigs(
        new BrokerConfigs(start, nodeId),
        new TopicConfigs(start, nodeId),
        new GroupConfigs(start, nodeId),
        loggers);
  }
}
