package io.millrace.broker.api;

import java.net.InetSocketAddress;
import java.util.concurrent.Executor;

/**
 * The connection a request came in on.
 *
 * @param listener name of the listener
 * @param client peer address
 * @param principal "User:NAME"
 * @param loop runs the connection's tasks in order; requests are dispatched on it, answers are
 *     encoded on it
 */
public record Caller(
    String listener,
    InetSocketAddress client,
    String principal,
    RequestContext.Connection connection,
    Executor loop) {}
