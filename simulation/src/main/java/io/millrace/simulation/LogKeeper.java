package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.simulation.KeptRecords.Written;
import io.millrace.storage.PartitionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicCollection;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfigCollection;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;

/**
 * Has a topic of its own whose records go: those that are superseded, or the oldest. Writes keyed
 * records to it, one batch after the other, reads in it now and then, and, when asked, all of it.
 */
final class LogKeeper extends Client {
  private static final int KEYS = 12;
  private static final int CREATE_VERSION = 7;
  private static final int INIT_VERSION = 4;
  private static final int PRODUCE_VERSION = 13;
  private static final Set<Errors> PASSING =
      EnumSet.of(
          Errors.NOT_LEADER_OR_FOLLOWER, Errors.KAFKA_STORAGE_ERROR, Errors.REQUEST_TIMED_OUT);

  private final Policy policy;
  private final KeptRecords log;
  private @Nullable PartitionId partition;
  private @Nullable Connection busy;
  private long producerId = -1;
  private short producerEpoch;
  private int sequence;
  private int batches;
  private @Nullable ByteBuffer unsettled;
  private int unsettledRecords;
  private boolean reading;
  private long start;
  private long position;
  private final Map<Long, Written> left = new TreeMap<>();
  private String lastError = "none";

  /** Which records of the topic go. */
  enum Policy {
    COMPACT(true, false),
    DELETE(false, true),
    /** None is old enough, whatever the wall clock says when it jumps under a broker (E10). */
    DELETE_BY_AGE(false, false),
    COMPACT_AND_DELETE(true, true);

    private final boolean compacts;
    private final boolean losesOldest;

    Policy(boolean compacts, boolean losesOldest) {
      this.compacts = compacts;
      this.losesOldest = losesOldest;
    }

    private Map<String, String> configs() {
      return switch (this) {
        case COMPACT ->
            Map.of(
                "cleanup.policy", "compact",
                "min.cleanable.dirty.ratio", "0.01",
                "delete.retention.ms", "1500",
                "segment.ms", "400");
        case DELETE -> Map.of("cleanup.policy", "delete", "retention.bytes", "6000");
        case DELETE_BY_AGE -> Map.of("cleanup.policy", "delete", "retention.ms", "1800000");
        case COMPACT_AND_DELETE ->
            Map.of(
                "cleanup.policy", "compact,delete",
                "min.cleanable.dirty.ratio", "0.3",
                "retention.bytes", "20000",
                "segment.ms", "300");
      };
    }

    private boolean byAge() {
      return this == DELETE_BY_AGE;
    }
  }

  /**
   * @param wrongClock whether a broker has started with a wall clock that had jumped, which nobody
   *     can tell it
   */
  LogKeeper(
      String name,
      EventLoop loop,
      SplittableRandom random,
      World world,
      Policy policy,
      BooleanSupplier wrongClock) {
    super(name, loop, random, world);
    this.policy = policy;
    this.log =
        new KeptRecords(
            name,
            policy.compacts,
            () -> policy.losesOldest || (policy.byAge() && wrongClock.getAsBoolean()));
  }

  Policy policy() {
    return policy;
  }

  /** Records that have gone as they should. */
  long gone() {
    return log.absent();
  }

  /** Begins to read all there is; {@link #done} when it was compared with what was written. */
  void readAll() {
    if (partition != null) {
      begin();
      reading = true;
    }
  }

  @Override
  boolean done() {
    return unsettled == null && !reading;
  }

  @Override
  String waitsFor() {
    return "%s %s at %d of %d, last error %s"
        .formatted(name, reading ? "reads" : "writes", position, log.end(), lastError);
  }

  @Override
  void onBroken(Connection connection) {
    if (connection.equals(busy)) {
      next(20);
    }
  }

  @Override
  void act() {
    Connection connection =
        busy != null ? null : partition == null || producerId < 0 ? any() : leader(partition);
    if (connection == null) {
      next(20);
    } else if (partition == null) {
      create(connection);
    } else if (producerId < 0) {
      initialize(connection);
    } else if (unsettled == null && reading) {
      fetch(connection, partition, position, true);
    } else if (unsettled != null || !resting()) {
      ByteBuffer batch = unsettled != null ? unsettled : makeBatch();
      produce(connection, partition, batch);
    } else {
      next(50);
    }
  }

  private void next(int delayMs) {
    busy = null;
    later(delayMs, this::act);
  }

  private void create(Connection connection) {
    CreatableTopicConfigCollection of = new CreatableTopicConfigCollection();
    policy
        .configs()
        .forEach((key, value) -> of.add(new CreatableTopicConfig().setName(key).setValue(value)));
    CreatableTopicCollection topics = new CreatableTopicCollection();
    topics.add(
        new CreatableTopic()
            .setName(name)
            .setNumPartitions(1)
            .setReplicationFactor((short) 1)
            .setConfigs(of));
    busy = connection;
    send(
        connection,
        new CreateTopicsRequestData().setTopics(topics).setTimeoutMs(30_000),
        CREATE_VERSION,
        answer -> {
          var result = ((CreateTopicsResponseData) answer).topics().iterator().next();
          Errors error = Errors.forCode(result.errorCode());
          if (error == Errors.NONE || error == Errors.TOPIC_ALREADY_EXISTS) {
            lookUp(connection);
          } else if (PASSING.contains(error)) {
            next(20);
          } else {
            throw new Violation("creating %s: %s %s".formatted(name, error, result.errorMessage()));
          }
        });
  }

  private void lookUp(Connection connection) {
    send(
        connection,
        new MetadataRequestData()
            .setTopics(List.of(new MetadataRequestTopic().setName(name)))
            .setAllowAutoTopicCreation(false),
        METADATA_VERSION,
        answer -> {
          MetadataResponseTopic topic = ((MetadataResponseData) answer).topics().find(name);
          if (topic != null && !topic.topicId().equals(Uuid.ZERO_UUID)) {
            partition = new PartitionId(topic.topicId(), 0);
          }
          next(20);
        });
  }

  private void initialize(Connection connection) {
    busy = connection;
    send(
        connection,
        new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(60_000),
        INIT_VERSION,
        reply -> {
          InitProducerIdResponseData answer = (InitProducerIdResponseData) reply;
          if (answer.errorCode() == Errors.NONE.code()) {
            producerId = answer.producerId();
            producerEpoch = answer.producerEpoch();
          }
          next(10);
        });
  }

  private ByteBuffer makeBatch() {
    List<Written> records = new ArrayList<>();
    int count = 1 + random.nextInt(5);
    batches++;
    for (int i = 0; i < count; i++) {
      String value =
          random.nextInt(5) == 0
              ? null
              : "%s-%d-%d %s".formatted(name, batches, i, "x".repeat(random.nextInt(200)));
      records.add(new Written("k" + random.nextInt(KEYS), value));
    }
    SimpleRecord[] simple =
        records.stream()
            .map(each -> new SimpleRecord(clock.wallMs(), bytes(each.key()), bytes(each.value())))
            .toArray(SimpleRecord[]::new);
    ByteBuffer batch =
        MemoryRecords.withIdempotentRecords(
                Compression.NONE, producerId, producerEpoch, sequence, simple)
            .buffer();
    log.sent(records);
    unsettled = batch;
    unsettledRecords = count;
    return batch;
  }

  private static byte @Nullable [] bytes(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.US_ASCII);
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.US_ASCII.decode(bytes).toString();
  }

  private void produce(Connection connection, PartitionId to, ByteBuffer batch) {
    ByteBuffer copy = ByteBuffer.allocate(batch.remaining());
    copy.put(batch.duplicate()).flip();
    TopicProduceData topic = new TopicProduceData().setTopicId(to.topicId());
    topic
        .partitionData()
        .add(
            new PartitionProduceData()
                .setIndex(to.partition())
                .setRecords(MemoryRecords.readableRecords(copy)));
    ProduceRequestData request = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(30_000);
    request.topicData().add(topic);
    busy = connection;
    send(connection, request, PRODUCE_VERSION, this::onProduced);
  }

  private void onProduced(ApiMessage reply) {
    PartitionProduceResponse result =
        ((ProduceResponseData) reply).responses().iterator().next().partitionResponses().getFirst();
    Errors error = Errors.forCode(result.errorCode());
    if (error == Errors.NONE) {
      log.acknowledged(result.baseOffset());
      world.onAcknowledged().run();
      sequence += unsettledRecords;
      unsettled = null;
      glance();
      return;
    }
    lastError = error + " " + result.errorMessage();
    if (!PASSING.contains(error)) {
      throw new Violation("A1: %s answered to a batch of %s".formatted(lastError, name));
    }
    askWhoLeads();
    next(10 + random.nextInt(100));
  }

  /** Reads somewhere, now and then. */
  private void glance() {
    busy = null;
    PartitionId of = partition;
    if (of != null) {
      log.checkStart(world.logStart(of));
    }
    Connection connection = of != null && random.nextInt(4) == 0 ? leader(of) : null;
    if (of == null || connection == null) {
      next(1 + random.nextInt(25));
    } else {
      long from = world.logStart(of);
      fetch(connection, of, from + random.nextLong(Math.max(1, log.end() - from)), false);
    }
  }

  private void begin() {
    start = partition == null ? 0 : world.logStart(partition);
    position = start;
    left.clear();
  }

  private void fetch(Connection connection, PartitionId of, long offset, boolean whole) {
    FetchTopic topic = new FetchTopic().setTopicId(of.topicId());
    topic
        .partitions()
        .add(
            new FetchPartition()
                .setPartition(of.partition())
                .setFetchOffset(offset)
                .setCurrentLeaderEpoch(-1)
                .setPartitionMaxBytes(1 << 20));
    FetchRequestData request =
        new FetchRequestData()
            .setMaxWaitMs(0)
            .setMinBytes(1)
            .setMaxBytes(1 << 20)
            .setSessionId(0)
            .setSessionEpoch(-1);
    request.topics().add(topic);
    busy = connection;
    send(
        connection,
        request,
        FetchCheck.VERSION,
        reply -> {
          FetchResponseData answer = (FetchResponseData) reply;
          onFetched(answer.responses().getFirst().partitions().getFirst(), offset, whole);
        });
  }

  private void onFetched(PartitionData data, long offset, boolean whole) {
    Errors error = Errors.forCode(data.errorCode());
    if (error != Errors.NONE) {
      lastError = "fetch: " + error;
      if (error == Errors.OFFSET_OUT_OF_RANGE && offset >= start && offset <= log.end()) {
        begin(); // the oldest may have gone meanwhile
      }
      askWhoLeads();
      next(20);
      return;
    }
    long last = offset - 1;
    if (data.records() instanceof MemoryRecords records) {
      for (Record record : records.records()) {
        Written found =
            new Written(text(record.key()), record.hasValue() ? text(record.value()) : null);
        if (record.offset() >= offset) {
          if (record.offset() <= last) {
            throw new Violation("A6: offset %d of %s comes twice".formatted(record.offset(), name));
          }
          log.checkRead(record.offset(), found);
          last = record.offset();
          if (whole) {
            left.put(record.offset(), found);
          }
        }
      }
      for (var batch : records.batches()) {
        last = Math.max(last, batch.lastOffset());
      }
    }
    if (whole) {
      onStretch(data, last + 1);
    } else {
      next(1 + random.nextInt(25));
    }
  }

  private void onStretch(PartitionData data, long to) {
    if (to == position && position < data.highWatermark()) {
      throw new Violation(
          "A12: a fetch of %s at %d of %d returned nothing"
              .formatted(name, position, data.highWatermark()));
    }
    position = to;
    if (position < data.highWatermark()) {
      next(1);
      return;
    }
    if (data.highWatermark() != log.end()) {
      throw new Violation(
          "A1: %s ends at %d, not at %d".formatted(name, data.highWatermark(), log.end()));
    }
    if (partition != null && world.logStart(partition) == start) {
      reading = false;
      log.checkWhole(start, left);
    } else {
      begin();
    }
    next(20);
  }
}
