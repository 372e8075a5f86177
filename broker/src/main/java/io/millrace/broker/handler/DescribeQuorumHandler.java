package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.runtime.Clock;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.Heard;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeQuorumResponseData.Listener;
import org.apache.kafka.common.message.DescribeQuorumResponseData.Node;
import org.apache.kafka.common.message.DescribeQuorumResponseData.PartitionData;
import org.apache.kafka.common.message.DescribeQuorumResponseData.ReplicaState;
import org.apache.kafka.common.message.DescribeQuorumResponseData.TopicData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * DescribeQuorum, told of a metadata log that is a run of objects and has no quorum: its leader and
 * only voter is the scribe, which commits for the others by convention; they observe. Offsets are
 * numbers of entries, the epoch is the scribe's broker epoch, directory ids are those of
 * incarnations.
 */
public final class DescribeQuorumHandler implements ApiHandler<DescribeQuorumRequestData> {
  private static final int NODES_SINCE = 2;
  private static final long UNKNOWN = -1;

  private final MetadataLog metadata;
  private final Supplier<CompletableFuture<Map<WriterId, Heard>>> heard;
  private final Clock clock;

  /**
   * @param heard what was last heard of the other brokers
   */
  public DescribeQuorumHandler(
      MetadataLog metadata, Supplier<CompletableFuture<Map<WriterId, Heard>>> heard, Clock clock) {
    this.metadata = metadata;
    this.heard = heard;
    this.clock = clock;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_QUORUM;
  }

  @Override
  public CompletableFuture<DescribeQuorumResponseData> handle(
      RequestContext context, DescribeQuorumRequestData request) {
    MetadataImage image = metadata.image();
    return heard
        .get()
        .thenApply(others -> asKnownTo(context.version(), respond(request, image, others)));
  }

  /** Older versions have no nodes and no directory ids. */
  private static DescribeQuorumResponseData asKnownTo(
      short version, DescribeQuorumResponseData response) {
    if (version < NODES_SINCE) {
      response.nodes().clear();
      for (TopicData topic : response.topics()) {
        for (PartitionData partition : topic.partitions()) {
          partition.currentVoters().forEach(each -> each.setReplicaDirectoryId(Uuid.ZERO_UUID));
          partition.observers().forEach(each -> each.setReplicaDirectoryId(Uuid.ZERO_UUID));
        }
      }
    }
    return response;
  }

  private DescribeQuorumResponseData respond(
      DescribeQuorumRequestData request, MetadataImage image, Map<WriterId, Heard> others) {
    DescribeQuorumResponseData response = new DescribeQuorumResponseData();
    for (DescribeQuorumRequestData.TopicData topic : request.topics()) {
      List<PartitionData> partitions = new ArrayList<>();
      for (DescribeQuorumRequestData.PartitionData partition : topic.partitions()) {
        boolean known =
            topic.topicName().equals(Topic.CLUSTER_METADATA_TOPIC_NAME)
                && partition.partitionIndex() == 0;
        partitions.add(
            known
                ? describe(image, others)
                : new PartitionData()
                    .setPartitionIndex(partition.partitionIndex())
                    .setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code())
                    .setErrorMessage(Errors.UNKNOWN_TOPIC_OR_PARTITION.message()));
      }
      response
          .topics()
          .add(new TopicData().setTopicName(topic.topicName()).setPartitions(partitions));
    }
    for (WriterId writer : image.brokers().values()) {
      Incarnation incarnation = image.incarnations().get(writer);
      if (incarnation != null) {
        response.nodes().add(node(incarnation));
      }
    }
    return response;
  }

  private PartitionData describe(MetadataImage image, Map<WriterId, Heard> others) {
    int scribe = new ClusterView(image, "").controllerId();
    PartitionData partition =
        new PartitionData()
            .setLeaderId(scribe)
            .setHighWatermark(image.entryNumber() + 1); // the end, as in Kafka
    for (WriterId writer : image.brokers().values()) {
      Incarnation broker = image.incarnations().get(writer);
      if (broker == null) {
        continue;
      }
      if (broker.nodeId() == scribe) {
        partition.setLeaderEpoch((int) broker.brokerEpoch());
        partition.currentVoters().add(atTheTip(image, broker));
      } else if (writer.equals(metadata.writer())) {
        partition.observers().add(atTheTip(image, broker));
      } else {
        partition.observers().add(asHeard(image, broker, others.get(writer)));
      }
    }
    return partition;
  }

  private ReplicaState atTheTip(MetadataImage image, Incarnation broker) {
    return state(broker)
        .setLogEndOffset(image.entryNumber() + 1)
        .setLastFetchTimestamp(clock.wallMs())
        .setLastCaughtUpTimestamp(clock.wallMs());
  }

  private ReplicaState asHeard(MetadataImage image, Incarnation broker, @Nullable Heard last) {
    if (last == null || last.entryNumber() == 0) {
      return state(broker).setLogEndOffset(UNKNOWN);
    }
    long atMs = clock.wallMs() - TimeUnit.NANOSECONDS.toMillis(last.agoNs());
    return state(broker)
        .setLogEndOffset(last.entryNumber() + 1)
        .setLastFetchTimestamp(atMs)
        .setLastCaughtUpTimestamp(last.entryNumber() >= image.entryNumber() ? atMs : UNKNOWN);
  }

  private static ReplicaState state(Incarnation broker) {
    return new ReplicaState()
        .setReplicaId(broker.nodeId())
        .setReplicaDirectoryId(new Uuid(broker.writer().high(), broker.writer().low()));
  }

  private static Node node(Incarnation incarnation) {
    Node node = new Node().setNodeId(incarnation.nodeId());
    incarnation
        .endpoints()
        .forEach(endpoint ->
            node.listeners()
                .add(
                    new Listener()
                        .setName(endpoint.listener())
                        .setHost(endpoint.host())
                        .setPort(endpoint.port())));
    return node;
  }
}
