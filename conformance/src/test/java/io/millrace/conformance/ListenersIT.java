package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListenersIT {
  @TempDir private Path folder;

  @Test
  void aClientIsToldTheAdvertisedAddressOfTheListenerItCameBy() throws Exception {
    int inside = BrokerProcess.freePort();
    int outside = BrokerProcess.freePort();
    try (BrokerProcess _ = start(inside, outside, "localhost:" + outside)) {
      assertThat(toldAddress("127.0.0.1:" + inside)).isEqualTo("127.0.0.1:" + inside);
      assertThat(toldAddress("127.0.0.1:" + outside)).isEqualTo("localhost:" + outside);
    }
  }

  @Test
  void aLoadBalancerIsNeededForTheBootstrapOnly() throws Exception {
    int inside = BrokerProcess.freePort();
    int outside = BrokerProcess.freePort();
    try (BrokerProcess _ = start(inside, outside, "localhost:" + outside);
        KafkaProducer<String, String> producer = bootstrapThroughBalancer(outside)) {
      assertThat(producer.send(new ProducerRecord<>("t", "direct")).get().offset()).isZero();
    }
  }

  /** The balancer is gone when it returns. */
  private static KafkaProducer<String, String> bootstrapThroughBalancer(int port) throws Exception {
    try (Forwarder balancer = Forwarder.to(port)) {
      createTopic(balancer.address());
      KafkaProducer<String, String> producer =
          new KafkaProducer<>(
              Map.of("bootstrap.servers", balancer.address()),
              new StringSerializer(),
              new StringSerializer());
      assertThat(producer.partitionsFor("t").getFirst().leader().port()).isEqualTo(port);
      assertThat(balancer.connections()).isPositive();
      return producer;
    }
  }

  private BrokerProcess start(int inside, int outside, String advertisedOutside) throws Exception {
    return BrokerProcess.run(
        folder,
        inside,
        List.of(
            Launcher.path(),
            "start",
            "--data",
            folder.resolve("data").toString(),
            "--set",
            "listeners=INSIDE://127.0.0.1:%d,OUTSIDE://127.0.0.1:%d".formatted(inside, outside),
            "--set",
            "advertised.listeners=INSIDE://127.0.0.1:%d,OUTSIDE://%s"
                .formatted(inside, advertisedOutside),
            "--set",
            "listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT",
            "--set",
            "inter.broker.listener.name=INSIDE"));
  }

  private static String toldAddress(String bootstrap) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      Node node = admin.describeCluster().nodes().get().iterator().next();
      return node.host() + ":" + node.port();
    }
  }

  private static void createTopic(String bootstrap) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
    }
  }
}
