package io.millrace.broker.network;

import io.millrace.protocol.EncodedResponse;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one connection that are not answered yet, in order of arrival. On the
 * connection's loop.
 */
final class ResponseQueue {
  /** One request on its way. */
  static final class Pending {
    private boolean done;
    private @Nullable EncodedResponse response;
  }

  private final ArrayDeque<Pending> queue = new ArrayDeque<>();
  private int unfinished;
  private long finishedBytes;

  Pending add() {
    Pending pending = new Pending();
    queue.add(pending);
    unfinished++;
    return pending;
  }

  /** The request's answer is there; null if it has none. */
  void finish(Pending pending, @Nullable EncodedResponse response) {
    pending.done = true;
    pending.response = response;
    unfinished--;
    if (response != null) {
      finishedBytes += response.sizeBytes();
    }
  }

  /** Whether the oldest request can be answered now. */
  boolean ready() {
    Pending head = queue.peek();
    return head != null && head.done;
  }

  /** Removes the oldest request, which is {@link #ready}; null if it has no answer. */
  @Nullable EncodedResponse poll() {
    EncodedResponse response = queue.remove().response;
    if (response != null) {
      finishedBytes -= response.sizeBytes();
    }
    return response;
  }

  /** Requests not answered yet. */
  int size() {
    return queue.size();
  }

  /** Requests whose handlers still work. */
  int unfinished() {
    return unfinished;
  }

  /** Bytes of answers that wait for older ones. */
  long finishedBytes() {
    return finishedBytes;
  }

  /** The connection is gone: gives back what the answers hold. */
  void release() {
    for (Pending pending : queue) {
      if (pending.response != null) {
        pending.response.release();
        pending.response = null;
      }
    }
    queue.clear();
    finishedBytes = 0;
  }
}
