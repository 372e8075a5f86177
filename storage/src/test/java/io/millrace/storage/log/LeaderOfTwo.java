package io.millrace.storage.log;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;

/** Which of two brokers leads, and how that changes. */
final class LeaderOfTwo {
  private final SimulatedCluster cluster;
  private final PartitionId id;
  private int node = 1;

  LeaderOfTwo(SimulatedCluster cluster, PartitionId id) {
    this.cluster = cluster;
    this.id = id;
  }

  PartitionLog log() {
    return cluster.await(cluster.engine(node).open(id));
  }

  void handOver() {
    cluster.commit(node, new TargetLeaderSet(id, other()));
    settle();
  }

  /** The other one leads, until the crashed one is back and leads again if it should. */
  void crash() {
    int crashed = node;
    cluster.crash(crashed);
    cluster.awaitLeader(other(), id, other());
    cluster.start(crashed);
    settle();
  }

  private void settle() {
    cluster.until(() ->
        cluster.atRest(1, id)
            && cluster.atRest(2, id)
            && cluster.leader(1, id) == cluster.leader(2, id));
    node = cluster.leader(1, id);
  }

  private int other() {
    return 3 - node;
  }
}
