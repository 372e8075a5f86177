package io.millrace.simulation;

import io.millrace.storage.PartitionId;
import java.util.TreeMap;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Who leads what and who led it before, as one client was told; what it hears of an older leader
 * epoch it ignores.
 */
final class Routes {
  private final TreeMap<PartitionId, Route> routes = new TreeMap<>();

  private record Route(@Nullable String address, @Nullable String former, int leaderEpoch) {}

  void learn(MetadataResponseData answer) {
    for (MetadataResponseTopic topic : answer.topics()) {
      for (MetadataResponsePartition partition : topic.partitions()) {
        PartitionId id = new PartitionId(topic.topicId(), partition.partitionIndex());
        if (partition.leaderEpoch() >= leaderEpoch(id)) {
          String address = address(answer, partition);
          routes.put(id, new Route(address, former(id, address), partition.leaderEpoch()));
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

  private @Nullable String former(PartitionId partition, @Nullable String now) {
    Route before = routes.get(partition);
    return before == null
        ? null
        : before.address() == null || before.address().equals(now)
            ? before.former()
            : before.address();
  }

  @Nullable String leader(PartitionId partition) {
    Route route = routes.get(partition);
    return route == null ? null : route.address();
  }

  /** Where it was led last before it was led where it is; null if nowhere. */
  @Nullable String former(PartitionId partition) {
    Route route = routes.get(partition);
    return route == null ? null : route.former();
  }

  int leaderEpoch(PartitionId partition) {
    Route route = routes.get(partition);
    return route == null ? -1 : route.leaderEpoch();
  }
}
