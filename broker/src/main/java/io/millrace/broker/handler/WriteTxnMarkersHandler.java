package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.log.TransactionMarker;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerPartitionResult;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerResult;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * WriteTxnMarkers: ends transactions in the partitions this broker leads, as their coordinator (or
 * an operator who aborts a hanging one) orders. Answers per partition, when the marker is durable
 * and, of a partition of committed offsets, when the offsets of the transaction have been applied
 * or dropped.
 */
public final class WriteTxnMarkersHandler implements ApiHandler<WriteTxnMarkersRequestData> {
  private final Supplier<MetadataImage> image;
  private final Partitions partitions;
  private final OffsetsCompletion offsets;

  /** Applies or drops what a transaction committed to a partition of the offsets topic. */
  @FunctionalInterface
  public interface OffsetsCompletion {
    CompletableFuture<Void> onTransactionCompleted(
        PartitionId offsetsPartition, long producerId, boolean committed);
  }

  /**
   * @param offsets told of markers that are durable in the offsets topic
   */
  public WriteTxnMarkersHandler(
      Supplier<MetadataImage> image, Partitions partitions, OffsetsCompletion offsets) {
    this.image = image;
    this.partitions = partitions;
    this.offsets = offsets;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.WRITE_TXN_MARKERS;
  }

  @Override
  public CompletableFuture<WriteTxnMarkersResponseData> handle(
      RequestContext context, WriteTxnMarkersRequestData request) {
    MetadataImage now = image.get();
    WriteTxnMarkersResponseData response = new WriteTxnMarkersResponseData();
    List<CompletableFuture<?>> pending = new ArrayList<>();
    for (WritableTxnMarker each : request.markers()) {
      TransactionMarker marker =
          new TransactionMarker(
              each.producerId(),
              each.producerEpoch(),
              each.coordinatorEpoch(),
              each.transactionResult(),
              each.transactionVersion());
      WritableTxnMarkerResult result =
          new WritableTxnMarkerResult().setProducerId(each.producerId());
      response.markers().add(result);
      for (WritableTxnMarkerTopic topic : each.topics()) {
        WritableTxnMarkerTopicResult answers =
            new WritableTxnMarkerTopicResult().setName(topic.name());
        result.topics().add(answers);
        Topic known = now.topic(topic.name());
        for (int partition : topic.partitionIndexes()) {
          WritableTxnMarkerPartitionResult answer =
              new WritableTxnMarkerPartitionResult().setPartitionIndex(partition);
          answers.partitions().add(answer);
          pending.add(
              write(known, partition, marker)
                  .handle((_, failure) ->
                      answer.setErrorCode(
                          failure == null ? Errors.NONE.code() : ApiErrors.of(failure).code())));
        }
      }
    }
    return CompletableFuture.allOf(pending.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> response);
  }

  private CompletableFuture<Void> write(
      @Nullable Topic topic, int partition, TransactionMarker marker) {
    if (topic == null || partition < 0 || partition >= topic.partitions().size()) {
      return CompletableFuture.failedFuture(
          new UnknownTopicOrPartitionException("There is no such partition."));
    }
    PartitionId id = new PartitionId(topic.id(), partition);
    CompletableFuture<?> durable = partitions.open(id).thenCompose(log -> log.appendMarker(marker));
    return topic.name().equals(GroupCoordinator.TOPIC)
        ? durable.thenCompose(
            _ -> offsets.onTransactionCompleted(id, marker.producerId(), marker.committed()))
        : durable.thenApply(_ -> null);
  }
}
