package io.millrace.conformance;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/**
 * Fills a broker with groups that have offsets on a hundred topics each, so that a restart or a
 * takeover can be measured: its log says how long each partition took to load. {@code
 * CLASSPATH=conformance/target/test-classes ./millrace kafka-run-class
 * io.millrace.conformance.GroupLoad HOST:PORT GROUPS}.
 */
final class GroupLoad {
  private static final int TOPICS = 100;
  private static final int UNDER_WAY_MAX = 200;

  private GroupLoad() {}

  /** Arguments: bootstrap address, how many groups. */
  public static void main(String[] arguments) throws Exception {
    int groups = Integer.parseInt(arguments[1]);
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (int t = 0; t < TOPICS; t++) {
      offsets.put(new TopicPartition("topic-" + t, 0), new OffsetAndMetadata(t));
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
      admin
          .createTopics(
              IntStream.range(0, TOPICS)
                  .mapToObj(t -> new NewTopic("topic-" + t, 1, (short) 1))
                  .toList())
          .all()
          .get();
      Queue<KafkaFuture<Void>> underWay = new ArrayDeque<>();
      for (int g = 0; g < groups; g++) {
        underWay.add(admin.alterConsumerGroupOffsets("group-" + g, offsets).all());
        if (underWay.size() >= UNDER_WAY_MAX) {
          underWay.remove().get();
        }
      }
      while (!underWay.isEmpty()) {
        underWay.remove().get();
      }
      System.out.println(admin.listGroups().all().get().size() + " groups");
    }
  }
}
