package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.cluster.ClusterView;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class MetadataHandlerTest {
  private final HandlerWorld world = new HandlerWorld(Map.of("num.partitions", "3"));
  private final MetadataHandler handler =
      new MetadataHandler(world.metadata, world.newTopics, true);

  @Test
  void allTopicsAreAskedForByAnEmptyListInVersionZeroAndByNoneLater() {
    world.createTopic("b", 1);
    world.createTopic("a", 1);

    assertThat(names(call(0, new MetadataRequestData()))).containsExactly("a", "b");
    for (int version = 1; version <= 13; version++) {
      assertThat(names(call(version, new MetadataRequestData().setTopics(null))))
          .containsExactly("a", "b");
      assertThat(names(call(version, new MetadataRequestData()))).isEmpty();
    }
  }

  @Test
  void brokersAreShownAtTheAddressOfTheListenerAskedThrough() {
    world.start(2);

    MetadataResponseData outside = call(12, new MetadataRequestData());
    MetadataResponseData inside =
        world.call(
            handler,
            12,
            HandlerWorld.INTERNAL_LISTENER,
            new MetadataRequestData(),
            MetadataResponseData.class);

    assertThat(outside.brokers())
        .extracting(b -> b.nodeId() + "=" + b.host() + ":" + b.port() + "/" + b.rack())
        .containsExactly("1=broker1.example:9092/rack1", "2=broker2.example:9092/rack2");
    assertThat(inside.brokers())
        .extracting(b -> b.host() + ":" + b.port())
        .containsExactly("10.0.0.1:9093", "10.0.0.2:9093");
    assertThat(outside.clusterId()).isEqualTo(HandlerWorld.CLUSTER.toString());
  }

  @Test
  void theControllerIsTheLowestLiveBroker() {
    MetadataLog second = world.start(2);
    assertThat(call(12, new MetadataRequestData()).controllerId()).isEqualTo(1);

    world.await(second.submit(new IncarnationFenced(world.metadata.writer())));

    MetadataHandler onSecond = new MetadataHandler(second, world.newTopics, false);
    assertThat(
            world
                .call(onSecond, 12, new MetadataRequestData(), MetadataResponseData.class)
                .controllerId())
        .isEqualTo(2);
  }

  @Test
  void aPartitionWhoseLeaderIsFencedHasNone() {
    MetadataLog second = world.start(2);
    world.createTopic("a", 2, 1);

    world.commit(new IncarnationFenced(second.writer()));

    var partitions = topic(call(12, byName(false, "a"))).partitions();
    assertThat(Errors.forCode(partitions.get(0).errorCode()))
        .isEqualTo(Errors.LEADER_NOT_AVAILABLE);
    assertThat(partitions.get(0).leaderId()).isEqualTo(-1);
    assertThat(partitions.get(0).offlineReplicas()).containsExactly(2);
    assertThat(partitions.get(0).isrNodes()).isEmpty();
    assertThat(partitions.get(1).errorCode()).isZero();
    assertThat(partitions.get(1).leaderId()).isEqualTo(1);
    assertThat(partitions.get(1).isrNodes()).containsExactly(1);
  }

  @Test
  void anAbsentTopicIsMadeIfTheClientAllowsIt() {
    MetadataResponseTopic made = topic(call(12, byName(true, "fresh")));

    assertThat(made.errorCode()).isZero();
    assertThat(made.partitions()).hasSize(3);
    assertThat(made.topicId())
        .isEqualTo(Objects.requireNonNull(world.metadata.image().topic("fresh")).id());
  }

  @Test
  void anAbsentTopicIsUnknownIfClientOrBrokerDoNotAllowToMakeIt() {
    MetadataHandler never = new MetadataHandler(world.metadata, world.newTopics, false);

    MetadataResponseTopic byClient = topic(call(12, byName(false, "fresh")));
    MetadataResponseTopic byBroker =
        topic(world.call(never, 12, byName(true, "fresh"), MetadataResponseData.class));

    assertThat(Errors.forCode(byClient.errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(Errors.forCode(byBroker.errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(world.metadata.image().topics()).isEmpty();
  }

  @Test
  void noTopicIsMadeUnderABadCollidingOrInternalName() {
    world.createTopic("my.topic", 1);

    assertThat(error(byName(true, "bad name"))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
    assertThat(error(byName(true, "my_topic"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(error(byName(true, "__consumer_offsets")))
        .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(world.metadata.image().topics()).hasSize(1);
  }

  @Test
  void topicsAreFoundById() {
    world.createTopic("a", 1);
    MetadataImage.Topic a = Objects.requireNonNull(world.metadata.image().topic("a"));

    assertThat(topic(call(12, byId(a.id()))).name()).isEqualTo("a");
    MetadataResponseTopic unknown = topic(call(12, byId(new Uuid(5, 5))));
    assertThat(Errors.forCode(unknown.errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
    assertThat(unknown.name()).isNull();
    assertThatThrownBy(() -> call(10, byId(a.id()))).isInstanceOf(InvalidRequestException.class);
  }

  @Test
  void operationsAreToldWhenAskedFor() {
    world.createTopic("a", 1);

    MetadataRequestData request = byName(false, "a").setIncludeTopicAuthorizedOperations(true);
    assertThat(topic(call(12, request)).topicAuthorizedOperations()).isEqualTo(3576);
    assertThat(topic(call(12, byName(false, "a"))).topicAuthorizedOperations())
        .isEqualTo(ClusterView.NOT_ASKED);
    assertThat(
            call(8, new MetadataRequestData().setIncludeClusterAuthorizedOperations(true))
                .clusterAuthorizedOperations())
        .isEqualTo(8096);
  }

  private MetadataResponseData call(int version, MetadataRequestData request) {
    return world.call(handler, version, request, MetadataResponseData.class);
  }

  private Errors error(MetadataRequestData request) {
    return Errors.forCode(topic(call(12, request)).errorCode());
  }

  private static MetadataRequestData byName(boolean autoCreate, String... names) {
    List<MetadataRequestTopic> topics = new ArrayList<>();
    for (String name : names) {
      topics.add(new MetadataRequestTopic().setName(name));
    }
    return new MetadataRequestData().setAllowAutoTopicCreation(autoCreate).setTopics(topics);
  }

  private static MetadataRequestData byId(Uuid id) {
    return new MetadataRequestData()
        .setTopics(List.of(new MetadataRequestTopic().setName(null).setTopicId(id)));
  }

  private static MetadataResponseTopic topic(MetadataResponseData response) {
    assertThat(response.topics()).hasSize(1);
    return response.topics().iterator().next();
  }

  private static List<String> names(MetadataResponseData response) {
    return response.topics().stream().map(MetadataResponseTopic::name).toList();
  }
}
