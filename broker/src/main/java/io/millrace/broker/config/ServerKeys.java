package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;

import java.util.List;

/** Threads and waiting rooms of Kafka's broker. */
final class ServerKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          int32("num.io.threads", 8)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.OWN_THREADS, "Threads that handle requests."),
          int32("background.threads", 10)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.OWN_THREADS, "Threads for background work."),
          int32("queued.max.requests", 500)
              .atLeast(1)
              .accepted(
                  Reasons.OWN_THREADS,
                  "Requests that may wait; queued.max.request.bytes limits them here."),
          int32("producer.purgatory.purge.interval.requests", 1000)
              .accepted(Reasons.NO_PURGATORY, "How often finished produce requests are swept out."),
          int32("fetch.purgatory.purge.interval.requests", 1000)
              .accepted(Reasons.NO_PURGATORY, "How often finished fetches are swept out."),
          int32("delete.records.purgatory.purge.interval.requests", 1)
              .accepted(
                  Reasons.NO_PURGATORY, "How often finished deletions of records are swept out."),
          int32("share.fetch.purgatory.purge.interval.requests", 1000)
              .accepted(Reasons.NO_PURGATORY, "How often finished share fetches are swept out."),
          int32("request.timeout.ms", 30000)
              .accepted(Reasons.PEER_LIMITS, "Timeout of requests that the broker sends."),
          int64("socket.connection.setup.timeout.ms", 10000)
              .accepted(Reasons.PEER_LIMITS, "Timeout of connections that the broker makes."),
          int64("socket.connection.setup.timeout.max.ms", 30000)
              .accepted(Reasons.PEER_LIMITS, "Longest such timeout after failures."),
          int32("telemetry.max.bytes", 1048576)
              .atLeast(1)
              .accepted(Reasons.METRICS_LATER, "Largest batch of metrics a client may push."));

  private ServerKeys() {}
}
