package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicCollection;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Creates the topics, and deletes one now and then to create its successor of the same name. */
final class Admin extends Client {
  private static final int CREATE_VERSION = 7;
  private static final int DELETE_VERSION = 6;

  private static final String TOPIC = "topic";

  private final TreeSet<String> wanted = new TreeSet<>();
  private final OptionalInt partitions;
  private final boolean deletes;
  private Ledger.@Nullable Topic deleting;
  private @Nullable Connection busy;

  /**
   * @param partitions of each topic; as many as it draws if empty
   */
  Admin(
      EventLoop loop,
      SplittableRandom random,
      World world,
      int topics,
      OptionalInt partitions,
      boolean deletes) {
    super("admin", loop, random, world);
    this.partitions = partitions;
    this.deletes = deletes;
    for (int i = 0; i < topics; i++) {
      wanted.add(topic(i));
    }
  }

  /** The name of the i-th topic. */
  static String topic(int i) {
    return TOPIC + i;
  }

  /** Matches their names. */
  static String topicPattern() {
    return TOPIC + "[0-9]+";
  }

  @Override
  boolean done() {
    return deleting == null && missing() == null;
  }

  @Override
  String waitsFor() {
    Ledger.Topic topic = deleting;
    return topic != null
        ? "admin deletes " + topic.name() + " " + topic.id()
        : "admin creates " + missing();
  }

  @Override
  void act() {
    Connection connection = busy == null ? any() : null;
    Ledger.Topic topic = deleting;
    String name = missing();
    if (connection == null) {
      next(20);
    } else if (topic != null) {
      delete(connection, topic);
    } else if (name != null) {
      create(connection, name);
    } else if (deletes && !resting() && random.nextInt(20) == 0) {
      Ledger.Topic victim = ledger.topics().get(random.nextInt(ledger.topics().size()));
      victim.partitions().forEach(PartitionLedger::deleting);
      deleting = victim;
      delete(connection, victim);
    } else {
      next(50 + random.nextInt(100));
    }
  }

  @Override
  void onBroken(Connection connection) {
    if (connection.equals(busy)) {
      next(20);
    }
  }

  private @Nullable String missing() {
    return wanted.stream().filter(name -> ledger.topic(name) == null).findFirst().orElse(null);
  }

  private void next(int delayMs) {
    busy = null;
    later(delayMs, this::act);
  }

  private void ask(
      Connection connection, ApiMessage request, int version, Consumer<ApiMessage> onReply) {
    busy = connection;
    send(connection, request, version, onReply);
  }

  private void create(Connection connection, String name) {
    CreatableTopicCollection topics = new CreatableTopicCollection();
    int replicas = 1 + random.nextInt(Math.min(3, world.network().addresses().size()));
    topics.add(
        new CreatableTopic()
            .setName(name)
            .setNumPartitions(partitions.orElseGet(() -> 1 + random.nextInt(4)))
            .setReplicationFactor((short) replicas));
    ask(
        connection,
        new CreateTopicsRequestData().setTopics(topics).setTimeoutMs(30_000),
        CREATE_VERSION,
        answer -> {
          CreatableTopicResult result =
              ((CreateTopicsResponseData) answer).topics().iterator().next();
          Errors error = Errors.forCode(result.errorCode());
          switch (error) {
            case NONE, TOPIC_ALREADY_EXISTS -> lookUp(connection, name);
            case REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR -> next(20);
            case INVALID_REPLICATION_FACTOR -> {
              if (ledger.oneBroker()) {
                throw new Violation("creating " + name + ": " + result.errorMessage());
              }
              next(100); // too few live at present
            }
            default ->
                throw new Violation(
                    "creating " + name + ": " + error + " " + result.errorMessage());
          }
        });
  }

  private void lookUp(Connection connection, String name) {
    ask(
        connection,
        new MetadataRequestData()
            .setTopics(List.of(new MetadataRequestTopic().setName(name)))
            .setAllowAutoTopicCreation(false),
        METADATA_VERSION,
        answer -> onFound(name, answer));
  }

  private void onFound(String name, ApiMessage answer) {
    MetadataResponseTopic topic = ((MetadataResponseData) answer).topics().find(name);
    boolean found =
        topic != null
            && Set.of(Errors.NONE.code(), Errors.LEADER_NOT_AVAILABLE.code())
                .contains(topic.errorCode());
    if (found && (ledger.oneBroker() || !ledger.isDeleted(topic.topicId()))) {
      ledger.found(name, topic.topicId(), topic.partitions().size());
    } else if (ledger.oneBroker()) {
      throw new Violation(
          "topic %s was created and is not there: %s"
              .formatted(name, topic == null ? "none" : Errors.forCode(topic.errorCode())));
    }
    next(20);
  }

  private void delete(Connection connection, Ledger.Topic topic) {
    ask(
        connection,
        new DeleteTopicsRequestData()
            .setTopics(List.of(new DeleteTopicState().setName(null).setTopicId(topic.id())))
            .setTimeoutMs(30_000),
        DELETE_VERSION,
        answer -> {
          short code =
              ((DeleteTopicsResponseData) answer).responses().iterator().next().errorCode();
          Errors error = Errors.forCode(code);
          switch (error) {
            case NONE -> onDeleted(topic);
            case UNKNOWN_TOPIC_ID -> {
              // of one that has not heard of its creation it means nothing
              if (!world.stands(topic.partitions().getFirst().id())) {
                onDeleted(topic);
              }
            }
            case REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR -> {}
            default -> throw new Violation("deleting " + topic.name() + ": " + error);
          }
          next(20);
        });
  }

  private void onDeleted(Ledger.Topic topic) {
    topic.partitions().forEach(PartitionLedger::deleted);
    ledger.gone(topic.name());
    deleting = null;
  }
}
