package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
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
  private static final int METADATA_VERSION = 12;

  private final TreeSet<String> wanted = new TreeSet<>();
  private final boolean deletes;
  private Ledger.@Nullable Topic deleting;
  private boolean scheduled;

  Admin(EventLoop loop, SplittableRandom random, World world, int topics, boolean deletes) {
    super("admin", loop, random, world);
    this.deletes = deletes;
    for (int i = 0; i < topics; i++) {
      wanted.add("topic" + i);
    }
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
  void onConnected() {
    next(1);
  }

  @Override
  void onBroken() {}

  private @Nullable String missing() {
    return wanted.stream().filter(name -> ledger.topic(name) == null).findFirst().orElse(null);
  }

  private void next(int delayMs) {
    if (!scheduled) {
      scheduled = true;
      later(
          delayMs,
          () -> {
            scheduled = false;
            act();
          });
    }
  }

  private void act() {
    if (!connected()) {
      return;
    }
    Ledger.Topic topic = deleting;
    String name = missing();
    if (topic != null) {
      delete(topic);
    } else if (name != null) {
      create(name);
    } else if (deletes && !resting() && random.nextInt(20) == 0) {
      Ledger.Topic victim = ledger.topics().get(random.nextInt(ledger.topics().size()));
      victim.partitions().forEach(PartitionLedger::deleting);
      deleting = victim;
      delete(victim);
    } else {
      next(50 + random.nextInt(100));
    }
  }

  private void create(String name) {
    CreatableTopicCollection topics = new CreatableTopicCollection();
    topics.add(
        new CreatableTopic()
            .setName(name)
            .setNumPartitions(1 + random.nextInt(4))
            .setReplicationFactor((short) 1));
    send(
        new CreateTopicsRequestData().setTopics(topics).setTimeoutMs(30_000),
        CREATE_VERSION,
        answer -> {
          CreatableTopicResult result =
              ((CreateTopicsResponseData) answer).topics().iterator().next();
          Errors error = Errors.forCode(result.errorCode());
          if (error == Errors.NONE || error == Errors.TOPIC_ALREADY_EXISTS) {
            lookUp(name);
          } else if (error == Errors.REQUEST_TIMED_OUT || error == Errors.KAFKA_STORAGE_ERROR) {
            next(20);
          } else {
            throw new Violation("creating " + name + ": " + error + " " + result.errorMessage());
          }
        });
  }

  private void lookUp(String name) {
    send(
        new MetadataRequestData()
            .setTopics(List.of(new MetadataRequestTopic().setName(name)))
            .setAllowAutoTopicCreation(false),
        METADATA_VERSION,
        answer -> onFound(name, answer));
  }

  private void onFound(String name, ApiMessage answer) {
    MetadataResponseTopic topic = ((MetadataResponseData) answer).topics().find(name);
    if (topic == null || topic.errorCode() != Errors.NONE.code()) {
      throw new Violation(
          "topic %s was created and is not there: %s"
              .formatted(name, topic == null ? "none" : Errors.forCode(topic.errorCode())));
    }
    ledger.found(name, topic.topicId(), topic.partitions().size());
    next(20);
  }

  private void delete(Ledger.Topic topic) {
    send(
        new DeleteTopicsRequestData()
            .setTopics(List.of(new DeleteTopicState().setName(null).setTopicId(topic.id())))
            .setTimeoutMs(30_000),
        DELETE_VERSION,
        answer -> {
          short code =
              ((DeleteTopicsResponseData) answer).responses().iterator().next().errorCode();
          Errors error = Errors.forCode(code);
          switch (error) {
            case NONE, UNKNOWN_TOPIC_ID -> {
              topic.partitions().forEach(PartitionLedger::deleted);
              ledger.gone(topic.name());
              deleting = null;
            }
            case REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR -> {}
            default -> throw new Violation("deleting " + topic.name() + ": " + error);
          }
          next(20);
        });
  }
}
