/**
 * Netty: listeners, framing, limits, request order per connection. The only package that sees
 * Netty.
 */
@NullMarked
package io.millrace.broker.network;

import org.jspecify.annotations.NullMarked;
