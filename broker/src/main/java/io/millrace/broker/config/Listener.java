package io.millrace.broker.config;

/**
 * A listener to open.
 *
 * @param name upper case
 * @param host where to bind; "" for all addresses
 * @param port 0 for any free port
 * @param advertisedHost what clients are told; never empty, never a wildcard
 * @param advertisedPort 0 for the port that was bound
 * @param securityProtocol Kafka's name of it
 */
public record Listener(
    String name,
    String host,
    int port,
    String advertisedHost,
    int advertisedPort,
    String securityProtocol) {}
