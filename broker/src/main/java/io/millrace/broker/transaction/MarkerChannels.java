package io.millrace.broker.transaction;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.cluster.BrokerLink.Outcome;
import io.millrace.coordinator.TopicShards;
import io.millrace.coordinator.transaction.MarkerOutcome;
import io.millrace.coordinator.transaction.MarkerWriter;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.coordinator.transaction.TransactionEnd;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings markers to leaders by WriteTxnMarkers, those for one broker together, until every
 * partition has answered decisively: written, or its topic is gone, or an epoch above the marker's
 * is known there (then the transaction has ended in it). Gives up where another coordinator has
 * taken over. As many transactions wait as there are transactional ids. Any thread may call; works
 * on its loop.
 */
public final class MarkerChannels implements MarkerWriter {
  private static final Logger LOG = LoggerFactory.getLogger(MarkerChannels.class);
  private static final short VERSION = 2;
  private static final long RETRY_NS_MIN = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int RETRY_DOUBLINGS_MAX = 6;

  /** In one request; what is more goes with the next. */
  private static final int MARKERS_PER_TRANSACTION_MAX = 5_000;

  private final EventLoop loop;
  private final MetadataLog metadata;
  private final LeaderCalls leaders;
  private final ApiHandler<WriteTxnMarkersRequestData> ownMarkers;
  private final Lanes<Markers> lanes = new Lanes<>(Markers::producerId, Markers::size, this::send);

  /**
   * @param ownMarkers writes those for partitions that this broker leads
   */
  public MarkerChannels(
      EventLoop loop,
      MetadataLog metadata,
      LeaderCalls leaders,
      ApiHandler<WriteTxnMarkersRequestData> ownMarkers) {
    this.loop = loop;
    this.metadata = metadata;
    this.leaders = leaders;
    this.ownMarkers = ownMarkers;
  }

  /** A transaction, with the partitions that have not answered decisively. */
  private static final class Ending {
    private final TransactionEnd end;
    private final Set<TopicPartition> missing;
    private final CompletableFuture<MarkerOutcome> outcome = new CompletableFuture<>();
    private int retries;

    Ending(TransactionEnd end) {
      this.end = end;
      this.missing = new LinkedHashSet<>(end.partitions());
    }

    void done(TopicPartition partition) {
      missing.remove(partition);
      if (missing.isEmpty()) {
        outcome.complete(MarkerOutcome.WRITTEN);
      }
    }
  }

  /** Those of one transaction for one broker. */
  private record Markers(Ending ending, List<TopicPartition> partitions) {
    long producerId() {
      return ending.end.producerId();
    }

    int size() {
      return partitions.size();
    }
  }

  @Override
  public CompletableFuture<MarkerOutcome> write(TransactionEnd end) {
    Ending ending = new Ending(end);
    if (end.partitions().isEmpty()) {
      ending.outcome.complete(MarkerOutcome.WRITTEN);
    } else {
      loop.execute(() -> route(ending, end.partitions()));
    }
    return ending.outcome;
  }

  /** To the leaders of the partitions as the image shows them now. */
  private void route(Ending ending, Collection<TopicPartition> partitions) {
    MetadataImage image = metadata.image();
    if (!coordinates(image, ending.end)) {
      ending.outcome.complete(MarkerOutcome.GIVEN_UP);
      return;
    }
    Map<WriterId, List<TopicPartition>> byLeader = new LinkedHashMap<>();
    Set<TopicPartition> leaderless = new LinkedHashSet<>();
    for (TopicPartition each : List.copyOf(partitions)) {
      MetadataImage.Topic topic = image.topic(each.topic());
      if (topic == null || each.partition() >= topic.partitions().size()) {
        ending.done(each); // what was open in it is gone with it
        continue;
      }
      topic
          .partitions()
          .get(each.partition())
          .leader()
          .ifPresentOrElse(
              leader -> byLeader.computeIfAbsent(leader, _ -> new ArrayList<>()).add(each),
              () -> leaderless.add(each));
    }
    byLeader.forEach((leader, own) -> {
      for (int from = 0; from < own.size(); from += MARKERS_PER_TRANSACTION_MAX) {
        int to = Math.min(own.size(), from + MARKERS_PER_TRANSACTION_MAX);
        lanes.add(leader, new Markers(ending, own.subList(from, to)));
      }
    });
    retry(ending, leaderless);
  }

  /** Whether this broker still leads the partition of the state with that epoch. */
  private boolean coordinates(MetadataImage image, TransactionEnd end) {
    MetadataImage.Topic topic = image.topic(TransactionCoordinator.TOPIC);
    if (topic == null) {
      return false;
    }
    MetadataImage.Partition partition =
        topic
            .partitions()
            .get(TopicShards.partitionOf(end.transactionalId(), topic.partitions().size()));
    return partition.leaderEpoch() == end.coordinatorEpoch()
        && partition.leader().filter(metadata.writer()::equals).isPresent();
  }

  private void retry(Ending ending, Collection<TopicPartition> partitions) {
    if (partitions.isEmpty() || ending.outcome.isDone()) {
      return;
    }
    long delayNs = RETRY_NS_MIN << Math.min(ending.retries, RETRY_DOUBLINGS_MAX);
    ending.retries++;
    loop.schedule(delayNs, () -> route(ending, partitions));
  }

  private CompletableFuture<?> send(WriterId leader, List<Markers> markers) {
    WriteTxnMarkersRequestData request = new WriteTxnMarkersRequestData();
    markers.forEach(each -> request.markers().add(marker(each)));
    return leaders
        .call(leader, request, VERSION, ownMarkers)
        .thenAcceptAsync(outcome -> onOutcome(markers, outcome), loop);
  }

  private static WritableTxnMarker marker(Markers markers) {
    TransactionEnd end = markers.ending().end;
    WritableTxnMarker marker =
        new WritableTxnMarker()
            .setProducerId(end.producerId())
            .setProducerEpoch(end.producerEpoch())
            .setTransactionResult(end.committed())
            .setCoordinatorEpoch(end.coordinatorEpoch())
            .setTransactionVersion((byte) end.transactionVersion());
    PartitionsByTopic.of(markers.partitions())
        .forEach((topic, partitions) ->
            marker
                .topics()
                .add(
                    new WriteTxnMarkersRequestData.WritableTxnMarkerTopic()
                        .setName(topic)
                        .setPartitionIndexes(partitions)));
    return marker;
  }

  private void onOutcome(List<Markers> markers, Outcome outcome) {
    Map<Long, Map<TopicPartition, Errors>> answers =
        switch (outcome) {
          case Outcome.Answered(WriteTxnMarkersResponseData response) -> answers(response);
          case Outcome.Answered _ -> throw new IllegalStateException("answered otherwise");
          case Outcome.Silent(String reason) -> {
            LOG.debug("Markers are sent again: {}", reason);
            yield Map.of();
          }
        };
    for (Markers each : markers) {
      onAnswers(each, answers.getOrDefault(each.producerId(), Map.of()));
    }
  }

  private static Map<Long, Map<TopicPartition, Errors>> answers(
      WriteTxnMarkersResponseData response) {
    Map<Long, Map<TopicPartition, Errors>> answers = new LinkedHashMap<>();
    response
        .markers()
        .forEach(marker -> {
          Map<TopicPartition, Errors> ofMarker =
              answers.computeIfAbsent(marker.producerId(), _ -> new LinkedHashMap<>());
          marker
              .topics()
              .forEach(topic ->
                  topic
                      .partitions()
                      .forEach(partition ->
                          ofMarker.put(
                              new TopicPartition(topic.name(), partition.partitionIndex()),
                              Errors.forCode(partition.errorCode()))));
        });
    return answers;
  }

  private void onAnswers(Markers markers, Map<TopicPartition, Errors> answers) {
    Ending ending = markers.ending();
    Set<TopicPartition> again = new LinkedHashSet<>();
    for (TopicPartition partition : markers.partitions()) {
      Errors error = Optional.ofNullable(answers.get(partition)).orElse(Errors.NETWORK_EXCEPTION);
      switch (error) {
        case NONE, INVALID_PRODUCER_EPOCH -> ending.done(partition);
        case TRANSACTION_COORDINATOR_FENCED -> {
          LOG.info(
              "A later coordinator has ended the transaction transactionalId={} partition={}",
              ending.end.transactionalId(),
              partition);
          ending.outcome.complete(MarkerOutcome.GIVEN_UP);
        }
        default -> again.add(partition);
      }
    }
    retry(ending, again);
  }
}
