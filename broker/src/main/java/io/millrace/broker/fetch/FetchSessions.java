package io.millrace.broker.fetch;

import io.millrace.runtime.Clock;
import io.millrace.runtime.Randomness;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchMetadata;

/**
 * The fetch sessions of all clients (KIP-227): a client names its partitions once and then only
 * what changes. At most so many; a new one evicts what was unused for two minutes or, if it has
 * more partitions, the smallest one older than that. Any thread may call.
 */
public final class FetchSessions {
  private static final long EVICTABLE_AFTER_MS = 120_000;
  private static final int TOPIC_IDS_SINCE = 13;

  private final int sessionsMax;
  private final Clock clock;
  private final Randomness randomness;
  private final Map<Integer, FetchSession> sessions = new LinkedHashMap<>();

  public FetchSessions(int sessionsMax, Clock clock, Randomness randomness) {
    this.sessionsMax = sessionsMax;
    this.clock = clock;
    this.randomness = randomness;
  }

  /** How a request is served. */
  public sealed interface Plan {
    /** Not at all. */
    record Refused(Errors error) implements Plan {}

    /** These partitions, in this order; pass it to {@link #answer}. */
    record Serve(List<FetchWish> wishes, Kind kind) implements Plan {}
  }

  /** What becomes of the answer. */
  public sealed interface Kind {
    /** Told whole, nothing is remembered. */
    record Sessionless() implements Kind {}

    /** Told whole, a session begins if there is room. */
    record Full(boolean byTopicId) implements Kind {}

    /**
     * Told as far as it is news to the session, if that has still the epoch it had after the
     * request.
     */
    record Incremental(int sessionId, int epochAfter) implements Kind {}
  }

  /** What is told: under which session id, which partitions, or an error. */
  public record Answer(Errors error, int sessionId, Map<FetchKey, PartitionData> partitions) {}

  public synchronized Plan plan(FetchRequestData request, short version) {
    List<FetchWish> wishes = wishes(request);
    int id = request.sessionId();
    int epoch = request.sessionEpoch();
    boolean byTopicId = version >= TOPIC_IDS_SINCE;
    if (epoch == FetchMetadata.INITIAL_EPOCH || epoch == FetchMetadata.FINAL_EPOCH) {
      sessions.remove(id);
      return new Plan.Serve(
          wishes,
          epoch == FetchMetadata.FINAL_EPOCH ? new Kind.Sessionless() : new Kind.Full(byTopicId));
    }
    FetchSession session = sessions.get(id);
    if (session == null) {
      return new Plan.Refused(Errors.FETCH_SESSION_ID_NOT_FOUND);
    }
    if (session.epoch() != epoch) {
      return new Plan.Refused(Errors.INVALID_FETCH_SESSION_EPOCH);
    }
    if (session.byTopicId() != byTopicId) {
      return new Plan.Refused(Errors.FETCH_SESSION_TOPIC_ID_ERROR);
    }
    session.update(wishes, forgotten(request));
    if (session.size() == 0) {
      sessions.remove(id);
      return new Plan.Serve(List.of(), new Kind.Sessionless());
    }
    session.advance(nowMs());
    return new Plan.Serve(session.wishes(), new Kind.Incremental(id, session.epoch()));
  }

  /**
   * @param answers in the order of the plan
   */
  public synchronized Answer answer(Plan.Serve plan, Map<FetchKey, PartitionData> answers) {
    return switch (plan.kind()) {
      case Kind.Sessionless _ -> new Answer(Errors.NONE, FetchMetadata.INVALID_SESSION_ID, answers);
      case Kind.Full(boolean byTopicId) ->
          new Answer(Errors.NONE, create(plan.wishes(), byTopicId, answers), answers);
      case Kind.Incremental(int id, int epochAfter) -> {
        FetchSession session = sessions.get(id);
        yield session == null || session.epoch() != epochAfter
            ? new Answer(Errors.INVALID_FETCH_SESSION_EPOCH, id, Map.of())
            : new Answer(Errors.NONE, id, session.news(answers));
      }
    };
  }

  /** The client gets nothing yet, and no session begins. */
  public synchronized Answer throttled(Plan.Serve plan) {
    return plan.kind() instanceof Kind.Incremental
        ? answer(plan, Map.of())
        : new Answer(Errors.NONE, FetchMetadata.INVALID_SESSION_ID, Map.of());
  }

  public synchronized int size() {
    return sessions.size();
  }

  private int create(
      List<FetchWish> wishes, boolean byTopicId, Map<FetchKey, PartitionData> answers) {
    if (wishes.isEmpty() || !makeRoom(wishes.size())) {
      return FetchMetadata.INVALID_SESSION_ID;
    }
    int id;
    do {
      id = 1 + randomness.nextInt(Integer.MAX_VALUE - 1);
    } while (sessions.containsKey(id));
    FetchSession session = new FetchSession(id, byTopicId, nowMs());
    session.update(wishes, List.of());
    session.told(answers);
    sessions.put(id, session);
    return id;
  }

  private boolean makeRoom(int partitions) {
    if (sessions.size() < sessionsMax) {
      return true;
    }
    long before = nowMs() - EVICTABLE_AFTER_MS;
    Optional<FetchSession> victim =
        sessions.values().stream()
            .min(Comparator.comparingLong(FetchSession::lastUsedMs))
            .filter(oldest -> oldest.lastUsedMs() < before)
            .or(() ->
                sessions.values().stream()
                    .filter(session -> session.createdMs() < before)
                    .min(Comparator.comparingInt(FetchSession::size))
                    .filter(smallest -> smallest.size() < partitions));
    victim.ifPresent(session -> sessions.remove(session.id()));
    return victim.isPresent();
  }

  private static List<FetchWish> wishes(FetchRequestData request) {
    List<FetchWish> wishes = new ArrayList<>();
    for (FetchTopic topic : request.topics()) {
      for (FetchPartition partition : topic.partitions()) {
        wishes.add(
            FetchWish.of(key(topic.topicId(), topic.topic(), partition.partition()), partition));
      }
    }
    return wishes;
  }

  private static List<FetchKey> forgotten(FetchRequestData request) {
    List<FetchKey> keys = new ArrayList<>();
    for (ForgottenTopic topic : request.forgottenTopicsData()) {
      topic
          .partitions()
          .forEach(partition -> keys.add(key(topic.topicId(), topic.topic(), partition)));
    }
    return keys;
  }

  private static FetchKey key(Uuid topicId, String topic, int partition) {
    return new FetchKey(topicId, topic, partition);
  }

  private long nowMs() {
    return TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs());
  }
}
