package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.password;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Keys of earlier versions of Kafka that still stand in many files. */
final class LegacyKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          text("zookeeper.connect").accepted(Reasons.NO_ZOOKEEPER, "Addresses of ZooKeeper."),
          int32("zookeeper.connection.timeout.ms")
              .accepted(Reasons.NO_ZOOKEEPER, "How long connecting may take."),
          int32("zookeeper.session.timeout.ms", 18000)
              .accepted(Reasons.NO_ZOOKEEPER, "Silence after which a session ends."),
          int32("zookeeper.sync.time.ms", 2000)
              .accepted(Reasons.NO_ZOOKEEPER, "How far a follower of ZooKeeper may lag."),
          int32("zookeeper.max.in.flight.requests", 10)
              .atLeast(1)
              .accepted(Reasons.NO_ZOOKEEPER, "Requests sent without waiting."),
          flag("zookeeper.set.acl", false)
              .accepted(Reasons.NO_ZOOKEEPER, "Whether nodes are protected."),
          text("zookeeper.clientCnxnSocket")
              .accepted(Reasons.NO_ZOOKEEPER, "Class of the connection."),
          flag("zookeeper.metadata.migration.enable", false)
              .accepted(Reasons.NO_ZOOKEEPER, "Whether metadata moves to a quorum."),
          int32("zookeeper.metadata.migration.min.batch.size", 200)
              .atLeast(1)
              .internal()
              .accepted(Reasons.NO_ZOOKEEPER, "Least batch of such a move."),
          flag("zookeeper.ssl.client.enable", false)
              .accepted(Reasons.NO_ZOOKEEPER, "Whether TLS is used."),
          list("zookeeper.ssl.cipher.suites")
              .accepted(Reasons.NO_ZOOKEEPER, "Cipher suites that may be used."),
          flag("zookeeper.ssl.crl.enable", false)
              .accepted(Reasons.NO_ZOOKEEPER, "Whether revocation lists are read."),
          flag("zookeeper.ssl.ocsp.enable", false)
              .accepted(Reasons.NO_ZOOKEEPER, "Whether revocation is asked for."),
          list("zookeeper.ssl.enabled.protocols")
              .accepted(Reasons.NO_ZOOKEEPER, "Versions of TLS that may be used."),
          text("zookeeper.ssl.protocol", "TLSv1.2")
              .accepted(Reasons.NO_ZOOKEEPER, "Version of TLS."),
          text("zookeeper.ssl.endpoint.identification.algorithm", "HTTPS")
              .accepted(Reasons.NO_ZOOKEEPER, "How names in certificates are checked."),
          text("zookeeper.ssl.keystore.location")
              .accepted(Reasons.NO_ZOOKEEPER, "File with key and certificates."),
          password("zookeeper.ssl.keystore.password")
              .accepted(Reasons.NO_ZOOKEEPER, "Password of that file."),
          text("zookeeper.ssl.keystore.type")
              .accepted(Reasons.NO_ZOOKEEPER, "Format of that file."),
          text("zookeeper.ssl.truststore.location")
              .accepted(Reasons.NO_ZOOKEEPER, "File with trusted certificates."),
          password("zookeeper.ssl.truststore.password")
              .accepted(Reasons.NO_ZOOKEEPER, "Password of that file."),
          text("zookeeper.ssl.truststore.type")
              .accepted(Reasons.NO_ZOOKEEPER, "Format of that file."),
          flag("broker.id.generation.enable", true)
              .accepted(Reasons.NO_ZOOKEEPER, "Whether ZooKeeper hands out broker ids."),
          int32("reserved.broker.max.id", 1000)
              .atLeast(0)
              .accepted(Reasons.NO_ZOOKEEPER, "Ids up to which none are handed out."),
          text("control.plane.listener.name")
              .accepted(Reasons.NO_ZOOKEEPER, "Listener for requests of the controller."),
          text("inter.broker.protocol.version", "3.9-IV0")
              .accepted(Reasons.ONE_VERSION, "Protocol that brokers use among themselves."),
          text("log.message.format.version", "3.0-IV1")
              .accepted(Reasons.NO_CONVERSION, "Format that records are stored in."),
          flag("log.message.downconversion.enable", true)
              .accepted(Reasons.NO_CONVERSION, "Whether records are converted for old clients."),
          int64("log.message.timestamp.difference.max.ms", Long.MAX_VALUE)
              .atLeast(0)
              .accepted(
                  Reasons.NO_CONVERSION,
                  "Older key: how far timestamps may be off; two keys say it now."),
          int32("controlled.shutdown.max.retries", 3)
              .accepted(Reasons.ALWAYS_HANDED_OVER, "How often a handover is tried."),
          int64("controlled.shutdown.retry.backoff.ms", 5000)
              .accepted(Reasons.ALWAYS_HANDED_OVER, "Pause between handovers."),
          flag("eligible.leader.replicas.enable", false)
              .accepted(Reasons.NO_REPLICATION, "Whether eligible leaders are tracked."),
          int32("metadata.log.segment.min.bytes", 8388608)
              .atLeast(12)
              .internal()
              .accepted(Reasons.NO_QUORUM, "Least size of a segment of the quorum's log."),
          password("password.encoder.secret")
              .accepted(Reasons.NO_ZOOKEEPER, "Secret that encrypts passwords kept in ZooKeeper."),
          password("password.encoder.old.secret")
              .accepted(Reasons.NO_ZOOKEEPER, "The secret before it."),
          text("password.encoder.cipher.algorithm", "AES/CBC/PKCS5Padding")
              .accepted(Reasons.NO_ZOOKEEPER, "Algorithm that encrypts them."),
          text("password.encoder.keyfactory.algorithm")
              .accepted(Reasons.NO_ZOOKEEPER, "Algorithm that makes the key."),
          int32("password.encoder.iterations", 4096)
              .atLeast(1024)
              .accepted(Reasons.NO_ZOOKEEPER, "Iterations that make the key."),
          int32("password.encoder.key.length", 128)
              .atLeast(8)
              .unit("bits")
              .accepted(Reasons.NO_ZOOKEEPER, "Bits of the key."),
          int64("quota.producer.default", Long.MAX_VALUE)
              .unit("bytes/s")
              .accepted(Reasons.QUOTAS_BY_BROKER, "Bytes per second of a producer."),
          int64("quota.consumer.default", Long.MAX_VALUE)
              .unit("bytes/s")
              .accepted(Reasons.QUOTAS_BY_BROKER, "Bytes per second of a consumer."),
          int64("replica.lag.max.messages", 4000)
              .accepted(
                  Reasons.NO_REPLICATION,
                  "Records after which a follower leaves the in-sync replicas."),
          int32("controller.message.queue.size", Integer.MAX_VALUE)
              .accepted(Reasons.NO_QUORUM, "Requests the controller may have waiting."));

  private LegacyKeys() {}
}
