package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurabilityIT {
  private static final int RECORDS = 1000;

  @Test
  void whatWasAcknowledgedIsThereInOrderAfterTheBrokerWasKilled(@TempDir Path folder)
      throws Exception {
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      createTopic(broker, "t");
      List<String> values = IntStream.range(0, RECORDS).mapToObj(i -> "value " + i).toList();
      produce(broker, "t", values);

      broker.kill();
      broker.start();

      assertThat(consume(broker, "t", RECORDS)).isEqualTo(values);
    }
  }

  @Test
  void aStoppedBrokerEndsWithZeroAndKeepsItsRecords(@TempDir Path folder) throws Exception {
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      createTopic(broker, "t");
      produce(broker, "t", List.of("a", "b"));

      assertThat(broker.stop()).isZero();
      broker.start();

      assertThat(consume(broker, "t", 2)).containsExactly("a", "b");
    }
  }

  private static void createTopic(BrokerProcess broker, String topic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }
  }

  private static void produce(BrokerProcess broker, String topic, List<String> values)
      throws Exception {
    Map<String, Object> config = Map.of("bootstrap.servers", broker.address(), "acks", "all");
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      List<Future<RecordMetadata>> sent =
          values.stream().map(value -> producer.send(new ProducerRecord<>(topic, value))).toList();
      for (Future<RecordMetadata> each : sent) {
        each.get();
      }
    }
  }

  /**
   * Reads from the start until {@code count} records are there and a further poll brings no more.
   */
  private static List<String> consume(BrokerProcess broker, String topic, int count) {
    Map<String, Object> config =
        Map.of("bootstrap.servers", broker.address(), "enable.auto.commit", false);
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      List<TopicPartition> partitions = List.of(new TopicPartition(topic, 0));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      int empty = 0;
      while (empty < (values.size() < count ? 30 : 1)) {
        int before = values.size();
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          values.add(record.value());
        }
        empty = values.size() == before ? empty + 1 : 0;
      }
    }
    return values;
  }
}
