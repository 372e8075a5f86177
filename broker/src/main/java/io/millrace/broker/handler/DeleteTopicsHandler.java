package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.broker.quota.Mutations;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.TopicDeletionDisabledException;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** DeleteTopics, by name or by id. */
public final class DeleteTopicsHandler implements ApiHandler<DeleteTopicsRequestData> {
  private static final int STATES = 6;
  private static final int DISABLED_HAS_AN_ERROR = 3;
  private static final int THROTTLE_REFUSES_SINCE = 5;

  private final MetadataLog metadata;
  private final boolean enabled;
  private final ClientQuotas quotas;

  public DeleteTopicsHandler(MetadataLog metadata, boolean enabled, ClientQuotas quotas) {
    this.metadata = metadata;
    this.enabled = enabled;
    this.quotas = quotas;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DELETE_TOPICS;
  }

  @Override
  public CompletableFuture<DeleteTopicsResponseData> handle(
      RequestContext context, DeleteTopicsRequestData request) {
    if (!enabled) {
      throw context.version() < DISABLED_HAS_AN_ERROR
          ? new InvalidRequestException("Topic deletion is disabled.")
          : new TopicDeletionDisabledException();
    }
    Mutations mutations = new Mutations(quotas, context, THROTTLE_REFUSES_SINCE);
    List<CompletableFuture<DeletableTopicResult>> results =
        delete(asked(context, request), mutations);
    return CompletableFuture.allOf(results.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> {
          DeleteTopicsResponseData response =
              new DeleteTopicsResponseData().setThrottleTimeMs(mutations.throttleMs());
          results.forEach(result -> response.responses().add(result.resultNow()));
          return response;
        });
  }

  /** Name or id, exactly one of them if the request is right. */
  private record Asked(@Nullable String name, Uuid id) {}

  private static List<Asked> asked(RequestContext context, DeleteTopicsRequestData request) {
    List<Asked> asked = new ArrayList<>();
    if (context.version() < STATES) {
      request.topicNames().forEach(name -> asked.add(new Asked(name, Uuid.ZERO_UUID)));
    } else {
      for (DeleteTopicState state : request.topics()) {
        asked.add(new Asked(state.name(), state.topicId()));
      }
    }
    return asked;
  }

  private List<CompletableFuture<DeletableTopicResult>> delete(
      List<Asked> all, Mutations mutations) {
    MetadataImage image = metadata.image();
    Set<Asked> once = new LinkedHashSet<>();
    Set<Asked> twice = new HashSet<>();
    for (Asked asked : all) {
      if (!once.add(asked)) {
        twice.add(asked);
      }
    }
    Set<Uuid> byId = new HashSet<>();
    once.stream().filter(asked -> asked.name() == null).forEach(asked -> byId.add(asked.id()));
    List<CompletableFuture<DeletableTopicResult>> results = new ArrayList<>();
    for (Asked asked : once) {
      MetadataImage.Topic topic =
          asked.name() == null ? image.topic(asked.id()) : image.topic(asked.name());
      Refusal refusal = refusal(asked, topic, twice, byId);
      if (refusal != null) {
        results.add(
            CompletableFuture.completedFuture(
                result(asked, topic, refusal, twice.contains(asked))));
      } else if (topic != null && !(asked.name() == null && namedToo(once, topic.name()))) {
        results.add(
            mutations.allow(topic.partitions().size())
                ? delete(topic, asked.name() == null)
                : CompletableFuture.completedFuture(
                    result(asked, topic, Refusal.of(Errors.THROTTLING_QUOTA_EXCEEDED), false)));
      }
    }
    return results;
  }

  private static @Nullable Refusal refusal(
      Asked asked, MetadataImage.@Nullable Topic topic, Set<Asked> twice, Set<Uuid> byId) {
    boolean hasId = !asked.id().equals(Uuid.ZERO_UUID);
    if (asked.name() == null) {
      if (!hasId) {
        return Refusal.invalidRequest("Neither topic name nor id were specified.");
      }
      if (twice.contains(asked)) {
        return Refusal.invalidRequest("Duplicate topic id.");
      }
      return topic == null ? Refusal.of(Errors.UNKNOWN_TOPIC_ID) : null;
    }
    if (hasId) {
      return Refusal.invalidRequest("You may not specify both topic name and topic id.");
    }
    if (twice.contains(asked)) {
      return Refusal.invalidRequest("Duplicate topic name.");
    }
    if (topic == null) {
      return Refusal.of(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }
    return byId.contains(topic.id())
        ? Refusal.invalidRequest("The provided topic name maps to an ID that was already supplied.")
        : null;
  }

  /** Named beside its id: refused under its name, and that answer stands for both. */
  private static boolean namedToo(Set<Asked> once, String name) {
    return once.contains(new Asked(name, Uuid.ZERO_UUID));
  }

  private CompletableFuture<DeletableTopicResult> delete(
      MetadataImage.Topic topic, boolean askedById) {
    Errors gone = askedById ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
    return metadata
        .submit(new TopicDeleted(topic.id()))
        .thenApply(outcome -> {
          DeletableTopicResult result =
              new DeletableTopicResult().setName(topic.name()).setTopicId(topic.id());
          return switch (outcome) {
            case MetadataLog.Outcome.Applied _ -> result;
            case MetadataLog.Outcome.Voided _ ->
                result.setErrorCode(gone.code()).setErrorMessage(gone.message());
          };
        });
  }

  private static DeletableTopicResult result(
      Asked asked, MetadataImage.@Nullable Topic topic, Refusal refusal, boolean duplicate) {
    return new DeletableTopicResult()
        .setName(asked.name())
        .setTopicId(topic != null && !duplicate ? topic.id() : asked.id())
        .setErrorCode(refusal.error().code())
        .setErrorMessage(refusal.message());
  }
}
