package io.millrace.coordinator.group.consumer;

import org.apache.kafka.common.protocol.Errors;

/** Why a request is refused; it has changed nothing. */
public record Refusal(Errors error, String message) {}
