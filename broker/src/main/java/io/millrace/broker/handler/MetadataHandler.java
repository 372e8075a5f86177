package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Metadata: brokers and topics. A topic that may be created automatically is answered once it
 * stands, so clients need not ask again.
 */
public final class MetadataHandler implements ApiHandler<MetadataRequestData> {
  private static final int NULL_MEANS_ALL = 1;
  private static final int TOPIC_IDS = 12;

  private final MetadataLog metadata;
  private final NewTopics newTopics;
  private final boolean autoCreate;

  public MetadataHandler(MetadataLog metadata, NewTopics newTopics, boolean autoCreate) {
    this.metadata = metadata;
    this.newTopics = newTopics;
    this.autoCreate = autoCreate;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.METADATA;
  }

  @Override
  public CompletableFuture<MetadataResponseData> handle(
      RequestContext context, MetadataRequestData request) {
    List<MetadataRequestTopic> asked = request.topics();
    if (asked == null || (asked.isEmpty() && context.version() < NULL_MEANS_ALL)) {
      return answer(
          context, request, view -> view.topics().stream().map(t -> topic(view, t)).toList());
    }
    boolean byId = asked.stream().anyMatch(topic -> !topic.topicId().equals(Uuid.ZERO_UUID));
    if (byId && context.version() < TOPIC_IDS) {
      throw new InvalidRequestException(
          "Topic IDs are not supported in requests for version " + context.version());
    }
    if (byId) {
      return answer(
          context, request, view -> asked.stream().map(t -> topic(view, t.topicId())).toList());
    }
    Set<String> names = new LinkedHashSet<>();
    for (MetadataRequestTopic topic : asked) {
      if (topic.name() == null) {
        throw new InvalidRequestException("A topic in the request has neither name nor id");
      }
      names.add(topic.name());
    }
    return create(request, names)
        .thenCompose(_ ->
            answer(
                context, request, view -> names.stream().map(name -> topic(view, name)).toList()));
  }

  private CompletableFuture<?> create(MetadataRequestData request, Set<String> names) {
    if (!autoCreate || !request.allowAutoTopicCreation()) {
      return CompletableFuture.completedFuture(null);
    }
    // internal topics are made by their coordinators, which know how many partitions they need
    List<CompletableFuture<?>> creations = new ArrayList<>();
    for (String name : names) {
      if (metadata.image().topic(name) == null && Topic.isValid(name) && !Topic.isInternal(name)) {
        creations.add(newTopics.createAutomatically(name));
      }
    }
    return CompletableFuture.allOf(creations.toArray(CompletableFuture<?>[]::new));
  }

  private interface Topics {
    List<MetadataResponseTopic> in(ClusterView view);
  }

  private CompletableFuture<MetadataResponseData> answer(
      RequestContext context, MetadataRequestData request, Topics topics) {
    ClusterView view = new ClusterView(metadata.image(), context.listener());
    MetadataResponseData response =
        new MetadataResponseData()
            .setClusterId(view.clusterId())
            .setControllerId(view.controllerId());
    for (ClusterView.Broker broker : view.brokers()) {
      response
          .brokers()
          .add(
              new MetadataResponseBroker()
                  .setNodeId(broker.id())
                  .setHost(broker.host())
                  .setPort(broker.port())
                  .setRack(broker.rack().orElse(null)));
    }
    for (MetadataResponseTopic topic : topics.in(view)) {
      if (request.includeTopicAuthorizedOperations()) {
        topic.setTopicAuthorizedOperations(ClusterView.ALL_TOPIC_OPERATIONS);
      }
      response.topics().add(topic);
    }
    if (request.includeClusterAuthorizedOperations()) {
      response.setClusterAuthorizedOperations(ClusterView.ALL_CLUSTER_OPERATIONS);
    }
    return CompletableFuture.completedFuture(response);
  }

  private static MetadataResponseTopic topic(ClusterView view, Uuid id) {
    MetadataImage.Topic topic = view.image().topic(id);
    return topic == null
        ? new MetadataResponseTopic()
            .setErrorCode(Errors.UNKNOWN_TOPIC_ID.code())
            .setName(null)
            .setTopicId(id)
        : topic(view, topic);
  }

  private static MetadataResponseTopic topic(ClusterView view, String name) {
    MetadataImage.Topic topic = view.image().topic(name);
    if (topic != null) {
      return topic(view, topic);
    }
    Errors error =
        Topic.isValid(name) ? Errors.UNKNOWN_TOPIC_OR_PARTITION : Errors.INVALID_TOPIC_EXCEPTION;
    return new MetadataResponseTopic()
        .setErrorCode(error.code())
        .setName(name)
        .setIsInternal(Topic.isInternal(name));
  }

  private static MetadataResponseTopic topic(ClusterView view, MetadataImage.Topic topic) {
    List<MetadataResponsePartition> partitions = new ArrayList<>(topic.partitions().size());
    for (Partition partition : topic.partitions()) {
      Errors error = view.error(partition);
      partitions.add(
          new MetadataResponsePartition()
              .setErrorCode(error.code())
              .setPartitionIndex(partitions.size())
              .setLeaderId(error == Errors.NONE ? view.leaderId(partition) : -1)
              .setLeaderEpoch(partition.leaderEpoch())
              .setReplicaNodes(partition.replicas())
              .setIsrNodes(view.inSync(partition))
              .setOfflineReplicas(view.offline(partition)));
    }
    return new MetadataResponseTopic()
        .setName(topic.name())
        .setTopicId(topic.id())
        .setIsInternal(Topic.isInternal(topic.name()))
        .setPartitions(partitions);
  }
}
