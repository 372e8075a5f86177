package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three brokers on a shared directory as operators see them: tools, graceful stops, joins,
 * refusals. Every test leaves the three running.
 */
class ClusterIT {
  private static final Set<Integer> THREE = Set.of(1, 2, 3);
  private static final int ACKS = 3000;
  private static final long PATIENCE_SECONDS = 180;

  @TempDir private static Path folder;
  private static ClusterProcesses cluster;
  private static Admin admin;

  private final Map<Integer, Integer> loggedBefore = new HashMap<>();

  @BeforeAll
  static void startThree() throws Exception {
    cluster = ClusterProcesses.onFolder(folder.resolve("store"), "cluster");
    for (int nodeId : THREE.stream().sorted().toList()) {
      cluster.start(nodeId);
    }
    admin = cluster.admin();
  }

  @AfterAll
  static void end() {
    admin.close();
    cluster.close();
  }

  /** Tests that kill brokers leave their marks in the logs of all. */
  @BeforeEach
  void skipWhatOtherTestsLogged() {
    THREE.forEach(nodeId -> loggedBefore.put(nodeId, cluster.broker(nodeId).logged().length()));
  }

  @Test
  void kafkasToolsWorkAgainstAnyBroker() throws Exception {
    assertThat(
            tool(
                1, "", "kafka-topics --create --topic tools --partitions 6 --replication-factor 3"))
        .contains("Created topic tools.");
    List<String> values = IntStream.range(0, 100).mapToObj(i -> "value " + i).toList();
    tool(2, String.join("\n", values) + "\n", "kafka-console-producer --topic tools");

    assertThat(tool(3, "", "kafka-topics --describe --topic tools"))
        .contains(
            "PartitionCount: 6", "ReplicationFactor: 3", "Leader: 1", "Leader: 2", "Leader: 3")
        .doesNotContain("Leader: none");
    assertThat(
            tool(1, "", "kafka-console-consumer --topic tools --from-beginning --max-messages 100")
                .lines())
        .containsExactlyInAnyOrderElementsOf(values);
  }

  @Test
  void aRollThroughAllBrokersIsNoErrorToAProducer() throws Exception {
    createTopic("roll", 6);
    try (NumberedRecords records = new NumberedRecords(cluster.address(), "roll", 6)) {
      for (int nodeId : THREE) {
        awaitProgress(records);

        assertThat(cluster.broker(nodeId).stop()).isZero();

        awaitProgress(records);
        assertThat(ClusterProcesses.leaders(admin, "roll")).doesNotContain(nodeId, -1);
        cluster.broker(nodeId).start();
        ClusterProcesses.awaitAllLead(admin, "roll", THREE);
      }
      awaitProgress(records);
      records.finish();

      assertThat(records.failures()).isEmpty();
      records.verify(cluster.address());
    }
    for (int nodeId : THREE) {
      assertThat(logged(nodeId)).doesNotContain(" ERROR ", "Exception", "Fencing");
    }
  }

  @Test
  void aFourthBrokerGetsAFreeNodeIdAndItsShareOfLeaders() throws Exception {
    createTopic("spread", 8);
    ClusterProcesses.awaitAllLead(admin, "spread", THREE);

    BrokerProcess fourth = cluster.startWithoutNodeId(4);

    assertThat(fourth.readyLine()).contains("node 4 of cluster");
    ClusterProcesses.awaitAllLead(admin, "spread", Set.of(1, 2, 3, 4));
    assertThat(fourth.stop()).isZero();
    ClusterProcesses.awaitAllLead(admin, "spread", THREE);
  }

  @Test
  void aTransactionSpansTheBrokersAndEndsThoughItsCoordinatorIsKilled() throws Exception {
    createTopic("spanned", 6);
    ClusterProcesses.awaitAllLead(admin, "spanned", THREE);
    int transactions = 12;
    try (KafkaProducer<Integer, Integer> producer = new KafkaProducer<>(transactional())) {
      producer.initTransactions();
      for (int i = 0; i < transactions; i++) {
        producer.beginTransaction();
        for (int p = 0; p < 6; p++) {
          var unused = producer.send(new ProducerRecord<>("spanned", p, i, p));
        }
        if (i % 3 == 2) {
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
      }
      int coordinator =
          admin
              .describeTransactions(List.of("spanning"))
              .description("spanning")
              .get()
              .coordinatorId();
      cluster.broker(coordinator).kill();

      await("all that was committed, and nothing else")
          .atMost(ClusterProcesses.PATIENCE)
          .untilAsserted(
              () -> assertThat(committedKeys("spanned")).hasSize(6 * transactions * 2 / 3));
      assertThat(committedKeys("spanned")).noneMatch(key -> key % 3 == 2);
      cluster.broker(coordinator).start();
      ClusterProcesses.awaitAllLead(admin, "spanned", THREE);
    }
  }

  private static Map<String, Object> transactional() {
    return Map.of(
        "bootstrap.servers",
        cluster.address(),
        "transactional.id",
        "spanning",
        "key.serializer",
        IntegerSerializer.class,
        "value.serializer",
        IntegerSerializer.class);
  }

  private static List<Integer> committedKeys(String topic) {
    List<Integer> keys = new ArrayList<>();
    try (KafkaConsumer<Integer, Integer> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                cluster.address(),
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "key.deserializer",
                IntegerDeserializer.class,
                "value.deserializer",
                IntegerDeserializer.class))) {
      consumer.assign(
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList());
      int quietPolls = 0;
      while (quietPolls < 10) {
        var records = consumer.poll(Duration.ofMillis(100));
        quietPolls = records.isEmpty() ? quietPolls + 1 : 0;
        records.forEach(record -> keys.add(record.key()));
      }
    }
    return keys;
  }

  @Test
  void partitionsAreReassignedAndTheirLeadersElectedByKafkasTools() throws Exception {
    tool(1, "", "kafka-topics --create --topic moved --replica-assignment 1:2:3,3:2:1");
    Path plan =
        Files.writeString(
            folder.resolve("plan.json"),
            """
            {"version": 1, "partitions": [
              {"topic": "moved", "partition": 0, "replicas": [3, 1, 2]},
              {"topic": "moved", "partition": 1, "replicas": [1, 3]}]}
            """);

    tool(2, "", "kafka-reassign-partitions --execute --reassignment-json-file " + plan);

    ClusterProcesses.awaitLeaders(admin, "moved", List.of(3, 1));
    assertThat(tool(3, "", "kafka-reassign-partitions --verify --reassignment-json-file " + plan))
        .contains("moved-0 is completed", "moved-1 is completed");
    assertThat(tool(1, "", "kafka-topics --describe --topic moved"))
        .contains("Replicas: 3,1,2", "Replicas: 1,3");
    assertThat(
            tool(
                2,
                "",
                "kafka-leader-election --election-type preferred --topic moved --partition 0"))
        .contains("Valid replica already elected for partitions moved-0");
  }

  @Test
  void aNodeIdInUseIsRefusedAndItsOwnerGoesOn() throws Exception {
    Launcher.Result result = cluster.refusedStart(2);

    assertThat(result.err().lines().filter(line -> line.startsWith("millrace: ")))
        .containsExactly(
            "millrace: node id 2 is in use at %s; give this broker another node.id, or none"
                .formatted(cluster.broker(2).address()));
    assertThat(result.err()).doesNotContain("Exception");
    assertThat(result.out()).isEmpty();
    assertThat(result.exitCode()).isEqualTo(1);
    cluster.awaitLive(THREE);
  }

  @Test
  void brokersStoppedTogetherEndQuietlyAndKeepEveryRecord() throws Exception {
    createTopic("kept", 6);
    try (NumberedRecords records = new NumberedRecords(cluster.address(), "kept", 6)) {
      awaitProgress(records);
      records.finish();

      THREE.forEach(nodeId -> cluster.broker(nodeId).askToStop());
      for (int nodeId : THREE) {
        assertThat(cluster.broker(nodeId).awaitEnd()).isZero();
        assertThat(logged(nodeId)).doesNotContain(" ERROR ", " WARN ", "Exception");
      }
      for (int nodeId : THREE) {
        cluster.broker(nodeId).start();
      }

      records.verify(cluster.address());
    }
    cluster.awaitLive(THREE);
  }

  private String logged(int nodeId) {
    return cluster
        .broker(nodeId)
        .logged()
        .substring(Objects.requireNonNull(loggedBefore.get(nodeId)));
  }

  private static void createTopic(String name, int partitions) throws Exception {
    admin.createTopics(List.of(new NewTopic(name, partitions, (short) 3))).all().get();
  }

  private static void awaitProgress(NumberedRecords records) throws InterruptedException {
    long wanted = records.acknowledged() + ACKS;
    assertThat(records.awaitAcknowledged(wanted, PATIENCE_SECONDS, TimeUnit.SECONDS))
        .as(
            "%d of %d acknowledged, failures %s, logs in %s",
            records.acknowledged(), wanted, records.failures(), cluster.logs())
        .isTrue();
  }

  /** What the tool prints; it must succeed. */
  private static String tool(int nodeId, String input, String command) throws Exception {
    String[] words =
        (command + " --bootstrap-server " + cluster.broker(nodeId).address()).split(" ", -1);
    Launcher.Result result = Launcher.feed(folder, input, words);
    assertThat(result.exitCode()).as("%s: %s", command, result.err()).isZero();
    return result.out();
  }
}
