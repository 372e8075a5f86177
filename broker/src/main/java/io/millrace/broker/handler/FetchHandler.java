package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.fetch.FetchKey;
import io.millrace.broker.fetch.FetchLimits;
import io.millrace.broker.fetch.FetchSessions;
import io.millrace.broker.fetch.FetchSessions.Answer;
import io.millrace.broker.fetch.FetchSessions.Plan;
import io.millrace.broker.fetch.PartitionFetch;
import io.millrace.broker.fetch.WaitingFetch;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.broker.quota.QuotaType;
import io.millrace.protocol.RecordSlices;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.AbortedTransaction;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.FetchResponseData.NodeEndpoint;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FetchMetadata;
import org.apache.kafka.common.requests.FetchResponse;
import org.jspecify.annotations.Nullable;

/**
 * Fetch, for consumers: records lent from the log cache or the block cache, long polls without
 * polling. There are no followers, so a replica id means nothing here.
 */
public final class FetchHandler implements ApiHandler<FetchRequestData> {
  /**
   * A client that asks for more is answered earlier, so that what waits for one that has gone does
   * not stay.
   */
  private static final int WAIT_MS_MAX = 60_000;

  /** From this version on a client that came to the wrong broker is told the right one. */
  private static final int LEADER_NAMED = 16;

  private final Supplier<MetadataImage> image;
  private final Partitions partitions;
  private final FetchSessions sessions;
  private final EventLoop loop;
  private final int bytesMax;
  private final ClientQuotas quotas;

  /**
   * @param loop on which long polls wait
   * @param bytesMax of one response
   */
  public FetchHandler(
      Supplier<MetadataImage> image,
      Partitions partitions,
      FetchSessions sessions,
      EventLoop loop,
      int bytesMax,
      ClientQuotas quotas) {
    this.image = image;
    this.partitions = partitions;
    this.sessions = sessions;
    this.loop = loop;
    this.bytesMax = bytesMax;
    this.quotas = quotas;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.FETCH;
  }

  @Override
  public CompletableFuture<FetchResponseData> handle(
      RequestContext context, FetchRequestData request) {
    return switch (sessions.plan(request, context.version())) {
      case Plan.Refused(Errors error) ->
          CompletableFuture.completedFuture(
              new FetchResponseData()
                  .setErrorCode(error.code())
                  .setSessionId(FetchMetadata.INVALID_SESSION_ID));
      case Plan.Serve plan -> {
        FetchLimits limits = limits(request);
        yield WaitingFetch.fetch(image, partitions, loop, plan.wishes(), limits)
            .thenApply(fetched -> {
              int throttleMs =
                  quotas.useIfWithin(
                      QuotaType.FETCH,
                      context.principal(),
                      context.clientId(),
                      (double) bytes(fetched));
              if (throttleMs > 0) {
                return throttled(plan, fetched, throttleMs);
              }
              FetchResponseData response = response(plan, fetched, limits.isolation());
              if (context.version() >= LEADER_NAMED) {
                nameLeaders(response, context.listener());
              }
              return response;
            });
      }
    };
  }

  private static long bytes(List<PartitionFetch> fetched) {
    long bytes = 0;
    for (PartitionFetch fetch : fetched) {
      if (fetch instanceof PartitionFetch.Read(_, PartitionLog _, LogSlice slice)) {
        bytes += slice.sizeBytes();
      }
    }
    return bytes;
  }

  /** An empty answer: the client asks for the same again when its time is up. */
  private FetchResponseData throttled(
      Plan.Serve plan, List<PartitionFetch> fetched, int throttleMs) {
    for (PartitionFetch fetch : fetched) {
      if (fetch instanceof PartitionFetch.Read(_, PartitionLog _, LogSlice slice)) {
        slice.release();
      }
    }
    Answer answer = sessions.throttled(plan);
    return new FetchResponseData()
        .setThrottleTimeMs(throttleMs)
        .setErrorCode(answer.error().code())
        .setSessionId(answer.sessionId());
  }

  private FetchLimits limits(FetchRequestData request) {
    int most = Math.min(request.maxBytes(), bytesMax);
    return new FetchLimits(
        Math.min(request.minBytes(), most),
        most,
        TimeUnit.MILLISECONDS.toNanos(Math.min(request.maxWaitMs(), WAIT_MS_MAX)),
        request.isolationLevel() == 1 ? Isolation.READ_COMMITTED : Isolation.READ_UNCOMMITTED);
  }

  private FetchResponseData response(
      Plan.Serve plan, List<PartitionFetch> fetched, Isolation isolation) {
    Map<FetchKey, PartitionData> answers = LinkedHashMap.newLinkedHashMap(fetched.size());
    for (PartitionFetch fetch : fetched) {
      release(answers.put(fetch.wish().key(), data(fetch, isolation)));
    }
    Answer answer = sessions.answer(plan, answers);
    answers.forEach((key, data) -> {
      if (!answer.partitions().containsKey(key)) {
        release(data);
      }
    });
    FetchResponseData response =
        new FetchResponseData()
            .setErrorCode(answer.error().code())
            .setSessionId(answer.sessionId());
    answer.partitions().forEach((key, data) -> add(response, key, data));
    return response;
  }

  private void nameLeaders(FetchResponseData response, String listener) {
    ClusterView view = new ClusterView(image.get(), listener);
    for (FetchableTopicResponse topic : response.responses()) {
      Topic known = view.image().topic(topic.topicId());
      for (PartitionData answer : topic.partitions()) {
        if (known == null
            || !wrongLeader(answer.errorCode())
            || answer.partitionIndex() >= known.partitions().size()) {
          continue;
        }
        Partition partition = known.partitions().get(answer.partitionIndex());
        view.leader(partition)
            .ifPresent(leader -> {
              answer.setCurrentLeader(
                  new LeaderIdAndEpoch()
                      .setLeaderId(leader.id())
                      .setLeaderEpoch(partition.leaderEpoch()));
              if (response.nodeEndpoints().find(leader.id()) == null) {
                response
                    .nodeEndpoints()
                    .add(
                        new NodeEndpoint()
                            .setNodeId(leader.id())
                            .setHost(leader.host())
                            .setPort(leader.port())
                            .setRack(leader.rack().orElse(null)));
              }
            });
      }
    }
  }

  private static boolean wrongLeader(short error) {
    return error == Errors.NOT_LEADER_OR_FOLLOWER.code()
        || error == Errors.FENCED_LEADER_EPOCH.code();
  }

  private static void add(FetchResponseData response, FetchKey key, PartitionData data) {
    List<FetchableTopicResponse> topics = response.responses();
    FetchableTopicResponse last = topics.isEmpty() ? null : topics.getLast();
    if (last == null
        || !last.topic().equals(key.topic())
        || !last.topicId().equals(key.topicId())) {
      last = new FetchableTopicResponse().setTopic(key.topic()).setTopicId(key.topicId());
      topics.add(last);
    }
    last.partitions().add(data);
  }

  private static PartitionData data(PartitionFetch fetch, Isolation isolation) {
    int partition = fetch.wish().key().partition();
    return switch (fetch) {
      case PartitionFetch.Failed(_, Errors error) ->
          FetchResponse.partitionResponse(partition, error);
      case PartitionFetch.Read(_, PartitionLog _, LogSlice slice) ->
          new PartitionData()
              .setPartitionIndex(partition)
              .setHighWatermark(slice.highWatermark())
              .setLastStableOffset(slice.lastStableOffset())
              .setLogStartOffset(slice.logStart())
              .setAbortedTransactions(isolation == Isolation.READ_COMMITTED ? aborted(slice) : null)
              .setRecords(
                  slice.sizeBytes() == 0
                      ? empty(slice)
                      : new RecordSlices(slice.buffers(), slice::release));
    };
  }

  private static MemoryRecords empty(LogSlice slice) {
    slice.release();
    return MemoryRecords.EMPTY;
  }

  private static List<AbortedTransaction> aborted(LogSlice slice) {
    return slice.abortedTransactions().stream()
        .map(each ->
            new AbortedTransaction()
                .setProducerId(each.producerId())
                .setFirstOffset(each.firstOffset()))
        .toList();
  }

  private static void release(@Nullable PartitionData data) {
    if (data != null && data.records() instanceof RecordSlices lent) {
      lent.release();
    }
  }
}
