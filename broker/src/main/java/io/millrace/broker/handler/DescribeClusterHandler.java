package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeClusterResponseData.DescribeClusterBroker;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * DescribeCluster: the cluster's id and its brokers; fenced ones too if asked for. There are no
 * controller endpoints.
 */
public final class DescribeClusterHandler implements ApiHandler<DescribeClusterRequestData> {
  private static final byte BROKERS = 1;
  private static final byte CONTROLLERS = 2;

  private final MetadataLog metadata;

  public DescribeClusterHandler(MetadataLog metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_CLUSTER;
  }

  @Override
  public CompletableFuture<DescribeClusterResponseData> handle(
      RequestContext context, DescribeClusterRequestData request) {
    return CompletableFuture.completedFuture(
        switch (request.endpointType()) {
          case BROKERS -> describe(new ClusterView(metadata.image(), context.listener()), request);
          case CONTROLLERS ->
              new DescribeClusterResponseData()
                  .setErrorCode(Errors.MISMATCHED_ENDPOINT_TYPE.code())
                  .setErrorMessage(
                      "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER");
          default ->
              new DescribeClusterResponseData()
                  .setErrorCode(Errors.UNSUPPORTED_ENDPOINT_TYPE.code())
                  .setErrorMessage("Unsupported endpoint type " + request.endpointType());
        });
  }

  private static DescribeClusterResponseData describe(
      ClusterView view, DescribeClusterRequestData request) {
    DescribeClusterResponseData response =
        new DescribeClusterResponseData()
            .setClusterId(view.clusterId())
            .setControllerId(view.controllerId())
            .setClusterAuthorizedOperations(
                request.includeClusterAuthorizedOperations()
                    ? ClusterView.ALL_CLUSTER_OPERATIONS
                    : ClusterView.NOT_ASKED);
    view.brokers().forEach(broker -> response.brokers().add(broker(broker, false)));
    if (request.includeFencedBrokers()) {
      newestOfFencedNodes(view).values().stream()
          .flatMap(incarnation -> view.at(incarnation).stream())
          .forEach(broker -> response.brokers().add(broker(broker, true)));
    }
    return response;
  }

  private static Map<Integer, Incarnation> newestOfFencedNodes(ClusterView view) {
    Map<Integer, Incarnation> fenced = new TreeMap<>();
    for (Incarnation incarnation : view.image().incarnations().values()) {
      if (!view.image().brokers().containsKey(incarnation.nodeId())
          && !view.image().unregistered().contains(incarnation.nodeId())) {
        fenced.merge(
            incarnation.nodeId(), incarnation, (a, b) -> a.brokerEpoch() > b.brokerEpoch() ? a : b);
      }
    }
    return fenced;
  }

  private static DescribeClusterBroker broker(ClusterView.Broker broker, boolean fenced) {
    return new DescribeClusterBroker()
        .setBrokerId(broker.id())
        .setHost(broker.host())
        .setPort(broker.port())
        .setRack(broker.rack().orElse(null))
        .setIsFenced(fenced);
  }
}
