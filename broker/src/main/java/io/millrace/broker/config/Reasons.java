package io.millrace.broker.config;

/** Why keys have no effect, as the reference page and the log say it. */
final class Reasons {
  static final String NO_REPLICATION =
      "Brokers keep no copies of each other's data: durability is the store's.";
  static final String NO_QUORUM =
      "There is no metadata quorum: metadata is kept in the object store.";
  static final String NO_ZOOKEEPER = "There is no ZooKeeper: metadata is kept in the object store.";
  static final String NO_SEGMENTS =
      "Partitions have no segment or index files: all share the write-ahead log and its objects.";
  static final String NO_FLUSH =
      "Nothing waits to be flushed: wal.sync says when records are synced.";
  static final String NO_PURGATORY =
      "Waiting requests are kept in no purgatory that needs purging.";
  static final String NO_TIERS =
      "There are no tiers: all data is in the object store, and no tiering plug-in is called.";
  static final String NO_CONVERSION = "Only the current record format is stored and served.";
  static final String OWN_THREADS =
      "The broker has no thread pool of this kind: work runs on event loops.";
  static final String ONE_VERSION =
      "Brokers speak the newest protocol each client offers; there is nothing to hold back.";
  static final String FIXED_COMPACTION =
      "Compaction reads and writes in pieces of a fixed size, with a table of keys of a fixed load.";
  static final String PACED =
      "Merging and compacting yield to the write-ahead log, by how long its syncs take.";
  static final String PEER_LIMITS =
      "Brokers give up on each other by broker.session.timeout.ms; connections and requests between them have fixed limits.";
  static final String BALANCED_AT_ONCE =
      "Leaders are balanced when brokers come or go, not by time.";
  static final String ALWAYS_HANDED_OVER =
      "A broker that stops hands over what it leads, once, as part of stopping.";
  static final String OPENED_TOGETHER = "All listeners are opened at the same time.";
  static final String ONE_COORDINATOR = "There is one group coordinator, for all protocols.";
  static final String MATCHED_AT_ONCE =
      "Patterns are matched again when topics come or go, not by time.";
  static final String SHARE_LATER = "Not in force in this version: there are no share groups.";
  static final String STREAMS_LATER = "Not in force in this version: there are no streams groups.";
  static final String ALWAYS_VERIFIED =
      "Writes of transactions are always verified: one that is not could hang for ever.";
  static final String TWO_PHASE_LATER =
      "Not in force in this version: InitProducerId is served without two-phase commit.";
  static final String FIXED_LOADS =
      "Coordinators load in steps of a fixed size, from what the log cache and the objects hold.";
  static final String SECURITY_LATER =
      "Not in force in this version: listeners are PLAINTEXT, clients are not authenticated.";
  static final String AUTHORIZATION_LATER =
      "Not in force in this version: every client may do everything.";
  static final String QUOTAS_BY_BROKER =
      "Quotas are kept with the cluster (kafka-configs), not by a class or in the file.";
  static final String METRICS_LATER =
      "Not in force in this version: metrics are not reported through plug-ins.";

  private Reasons() {}
}
