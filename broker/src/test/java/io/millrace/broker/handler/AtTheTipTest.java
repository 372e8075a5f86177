package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.cluster.AtTheTip;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.junit.jupiter.api.Test;

/** What another broker has committed is known to who administers, however late it got here. */
class AtTheTipTest {
  private final HandlerWorld world = new HandlerWorld(Map.of());

  @Test
  void aBrokerThatRegisteredBeforeTheRequestCountsForReplicas() {
    world.startUnnoticed(2);
    CreateTopicsRequestData request = new CreateTopicsRequestData();
    request
        .topics()
        .add(
            new CreatableTopic()
                .setName("orders")
                .setNumPartitions(1)
                .setReplicationFactor((short) 2));

    CreateTopicsResponseData response =
        world.call(
            new AtTheTip<>(world.metadata, new CreateTopicsHandler(world.newTopics, world.quotas)),
            7,
            request,
            CreateTopicsResponseData.class);

    assertThat(response.topics().find("orders").errorMessage()).isNull();
  }

  @Test
  void aTopicMadeElsewhereBeforeTheRequestCanBeDeleted() {
    MetadataLog other = world.start(2);
    world.await(
        other.submit(new TopicCreated(new Uuid(99, 1), "orders", List.of(List.of(2)), Map.of())));
    DeleteTopicsRequestData request =
        new DeleteTopicsRequestData().setTopics(List.of(new DeleteTopicState().setName("orders")));

    DeleteTopicsResponseData response =
        world.call(
            new AtTheTip<>(
                world.metadata, new DeleteTopicsHandler(world.metadata, true, world.quotas)),
            6,
            request,
            DeleteTopicsResponseData.class);

    assertThat(response.responses().find("orders").errorCode()).isZero();
  }

  @Test
  void aTopicIsMadeAutomaticallyWithBrokersThatRegisteredBefore() {
    HandlerWorld two = new HandlerWorld(Map.of("default.replication.factor", "2"));
    two.startUnnoticed(2);

    assertThat(two.await(two.newTopics.createAutomatically("orders")))
        .isInstanceOf(NewTopics.Outcome.Created.class);
  }
}
