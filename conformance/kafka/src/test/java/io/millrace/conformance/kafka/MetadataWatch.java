package io.millrace.conformance.kafka;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.server.IntegrationTestUtils;

/** Waits until each broker, asked by itself, sees the cluster as it should be. */
final class MetadataWatch {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private MetadataWatch() {}

  /**
   * One broker's answer.
   *
   * @param leaders by topic and partition; those that are led
   */
  record View(Set<Integer> liveBrokers, Map<String, Map<Integer, Integer>> leaders) {
    boolean hasTopic(String topic) {
      return leaders.containsKey(topic);
    }

    int partitionsWithLeader(String topic) {
      return leaders.getOrDefault(topic, Map.of()).size();
    }
  }

  static void untilAll(List<ClusterNode> nodes, String what, Predicate<View> seen) {
    until(nodes, what, views -> views.stream().allMatch(seen));
  }

  static void untilSame(List<ClusterNode> nodes) {
    until(nodes, "the same metadata at all", views -> Set.copyOf(views).size() <= 1);
  }

  private static void until(List<ClusterNode> nodes, String what, Predicate<List<View>> seen) {
    await(what)
        .atMost(PATIENCE)
        .pollInterval(PAUSE)
        .pollDelay(Duration.ZERO)
        .ignoreExceptionsInstanceOf(UncheckedIOException.class)
        .until(() -> nodes.stream().map(MetadataWatch::ask).toList(), seen);
  }

  private static View ask(ClusterNode node) {
    MetadataRequestData all =
        new MetadataRequestData().setTopics(null).setAllowAutoTopicCreation(false);
    MetadataResponse response;
    try {
      response =
          IntegrationTestUtils.connectAndReceive(
              new MetadataRequest(all, ApiKeys.METADATA.latestVersion()), node.port());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, Map<Integer, Integer>> leaders =
        response.topicMetadata().stream()
            .collect(
                Collectors.toMap(MetadataResponse.TopicMetadata::topic, MetadataWatch::leaders));
    return new View(response.brokers().stream().map(Node::id).collect(Collectors.toSet()), leaders);
  }

  private static Map<Integer, Integer> leaders(MetadataResponse.TopicMetadata topic) {
    return topic.partitionMetadata().stream()
        .filter(partition -> partition.leaderId.isPresent())
        .collect(
            Collectors.toMap(
                MetadataResponse.PartitionMetadata::partition,
                partition -> partition.leaderId.orElseThrow()));
  }
}
