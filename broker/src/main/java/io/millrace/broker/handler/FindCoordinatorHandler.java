package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.TopicShards;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;

/**
 * FindCoordinator: the leader of the partition that holds a group or a transactional id, in a topic
 * that is made when first asked for. One key up to version 3, several from 4 on. Share groups have
 * no coordinator here.
 */
public final class FindCoordinatorHandler implements ApiHandler<FindCoordinatorRequestData> {
  private static final int SEVERAL_KEYS = 4;

  private final Supplier<MetadataImage> image;
  private final Map<CoordinatorType, Supplier<CompletableFuture<MetadataImage.Topic>>> topics;

  /**
   * @param topics by kind of coordinator, each made if it is absent
   */
  public FindCoordinatorHandler(
      Supplier<MetadataImage> image,
      Map<CoordinatorType, Supplier<CompletableFuture<MetadataImage.Topic>>> topics) {
    this.image = image;
    this.topics = topics;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.FIND_COORDINATOR;
  }

  @Override
  public CompletableFuture<FindCoordinatorResponseData> handle(
      RequestContext context, FindCoordinatorRequestData request) {
    boolean several = context.version() >= SEVERAL_KEYS;
    List<String> keys = several ? request.coordinatorKeys() : List.of(request.key());
    var topic = topicOf(request.keyType());
    if (topic.isEmpty()) {
      String message = "This broker has no coordinators of type " + request.keyType() + ".";
      List<Coordinator> refused =
          keys.stream().map(key -> error(key, Errors.INVALID_REQUEST, message)).toList();
      return CompletableFuture.completedFuture(answer(refused, several));
    }
    return topic
        .get()
        .get()
        .thenApply(found -> answer(find(keys, found, context.listener()), several))
        .exceptionally(failure ->
            answer(
                keys.stream()
                    .map(key -> error(key, ApiErrors.of(failure), "The topic is not there yet."))
                    .toList(),
                several));
  }

  private Optional<Supplier<CompletableFuture<MetadataImage.Topic>>> topicOf(byte keyType) {
    return topics.entrySet().stream()
        .filter(each -> each.getKey().id() == keyType)
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private List<Coordinator> find(List<String> keys, MetadataImage.Topic topic, String listener) {
    MetadataImage now = image.get();
    List<Coordinator> found = new ArrayList<>();
    for (String key : keys) {
      int partition = TopicShards.partitionOf(key, topic.partitions().size());
      found.add(
          topic
              .partitions()
              .get(partition)
              .leader()
              .map(now.incarnations()::get)
              .flatMap(leader -> at(key, leader, listener))
              .orElseGet(() ->
                  error(
                      key,
                      Errors.COORDINATOR_NOT_AVAILABLE,
                      "The coordinator's partition has no leader now.")));
    }
    return found;
  }

  private static Optional<Coordinator> at(
      String key, MetadataImage.Incarnation leader, String listener) {
    return leader.endpoints().stream()
        .filter(endpoint -> endpoint.listener().equals(listener))
        .findFirst()
        .map(endpoint -> coordinator(key, leader.nodeId(), endpoint));
  }

  private static Coordinator coordinator(String key, int nodeId, Endpoint endpoint) {
    return new Coordinator()
        .setKey(key)
        .setNodeId(nodeId)
        .setHost(endpoint.host())
        .setPort(endpoint.port())
        .setErrorMessage("");
  }

  private static Coordinator error(String key, Errors error, String message) {
    return new Coordinator()
        .setKey(key)
        .setNodeId(-1)
        .setHost("")
        .setPort(-1)
        .setErrorCode(error.code())
        .setErrorMessage(message);
  }

  private static FindCoordinatorResponseData answer(List<Coordinator> found, boolean several) {
    if (several) {
      return new FindCoordinatorResponseData().setCoordinators(found);
    }
    Coordinator only = found.getFirst();
    return new FindCoordinatorResponseData()
        .setErrorCode(only.errorCode())
        .setErrorMessage(only.errorCode() == 0 ? null : only.errorMessage())
        .setNodeId(only.nodeId())
        .setHost(only.host())
        .setPort(only.port());
  }
}
