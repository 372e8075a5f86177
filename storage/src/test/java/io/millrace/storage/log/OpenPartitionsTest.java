package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import io.millrace.storage.object.DamageLog;
import io.millrace.storage.object.PartitionSummary;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.junit.jupiter.api.Test;

final class OpenPartitionsTest {
  private final SimulatedCluster cluster = new SimulatedCluster();

  @Test
  void anOpeningThatOutlastsTheTimeOfAnotherLeaderCountsForNothing() {
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    var before = (StoredPartitionLog) cluster.await(cluster.engine(1).open(id));
    CompletableFuture<OpenPartition> slow = new CompletableFuture<>();
    OpenPartitions partitions =
        new OpenPartitions(cluster.engine(1).metadata(), _ -> slow, 1, new DamageLog());
    CompletableFuture<PartitionLog> opening = partitions.open(id);

    cluster.commit(2, new TargetLeaderSet(id, 2));
    cluster.awaitLeader(1, id, 2);
    cluster.commit(1, new TargetLeaderSet(id, 1));
    cluster.awaitLeader(1, id, 1);
    slow.complete(new OpenPartition(before, PartitionSummary.empty(id)));

    assertThatThrownBy(opening::join).hasCauseInstanceOf(NotLeaderOrFollowerException.class);
  }
}
