package io.millrace.broker.api;

import org.apache.kafka.common.protocol.ApiKeys;

/** Decides how long clients have to wait after their requests. Any thread may call. */
public interface Throttle {
  /** Nobody waits. */
  Throttle NONE = (api, context, requestBytes) -> Served.FREELY;

  /**
   * The connection's loop begins to work on a request.
   *
   * @param requestBytes of the frame
   */
  Served onRequest(ApiKeys api, RequestContext context, int requestBytes);

  /** One request. */
  interface Served {
    /** Without a limit. */
    Served FREELY =
        new Served() {
          @Override
          public void onHandled() {}

          @Override
          public int waitMs() {
            return 0;
          }
        };

    /** The loop has called the handler, whose answer may come later. */
    void onHandled();

    /** The answer is there; how long the client must wait after it. Asked once. */
    int waitMs();
  }
}
