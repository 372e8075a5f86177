package io.millrace.simulation;

import io.millrace.storage.PartitionId;
import java.util.TreeMap;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Who leads what, as one client was told; what it hears of an older leader epoch it ignores. */
final class Routes {
  private final TreeMap<PartitionId, Route> routes = new TreeMap<>();

  private record Route(@Nullable String address, int leaderEpoch) {}

  void learn(MetadataResponseData answer) {
    for (MetadataResponseTopic topic : answer.topics()) {
      for (MetadataResponsePartition partition : topic.partitions()) {
        PartitionId id = new PartitionId(topic.topicId(), partition.partitionIndex());
        if (partition.leaderEpoch() >= leaderEpoch(id)) {
          routes.put(id, new Route(address(answer, partition), partition.leaderEpoch()));
        }
      }
    }
  }

  private static @Nullable String address(
      MetadataResponseData answer, MetadataResponsePartition partition) {
    MetadataResponseBroker broker = answer.brokers().find(partition.leaderId());
    return partition.errorCode() != Errors.NONE.code() || broker == null
        ? null
        : broker.host() + ":" + broker.port();
  }

  @Nullable String leader(PartitionId partition) {
    Route route = routes.get(partition);
    return route == null ? null : route.address();
  }

  int leaderEpoch(PartitionId partition) {
    Route route = routes.get(partition);
    return route == null ? -1 : route.leaderEpoch();
  }
}
