package io.millrace.coordinator.group;

/**
 * Who sent a request.
 *
 * @param host client's address as Kafka shows it
 * @param version of the request
 */
public record GroupCaller(String clientId, String host, short version) {}
