package io.millrace.conformance;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What an application does with a Java client, run in a process of its own with the client of any
 * version from 2.1 on its class path: only what all of them have is used. Prints a line for each
 * step that succeeded.
 */
@SuppressWarnings("removal") // what all of them have, some of them are about to lose
final class JavaClientSession {
  private static final int RECORDS = 100;
  private static final long DEADLINE_NS = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
  private static final String FILL = "x".repeat(500);
  private static final Comparator<TopicPartition> BY_PARTITION =
      Comparator.comparingInt(TopicPartition::partition);

  private final String address;
  private final String prefix;

  private JavaClientSession(String address, String prefix) {
    this.address = address;
    this.prefix = prefix;
  }

  /** Arguments: bootstrap address, a prefix for names, steps. */
  public static void main(String[] arguments) throws Exception {
    JavaClientSession session = new JavaClientSession(arguments[0], arguments[1]);
    try (AdminClient admin = AdminClient.create(session.config(Map.of()))) {
      session.createTopics(admin);
      for (String step : Arrays.asList(arguments).subList(2, arguments.length)) {
        switch (step.split(":", 2)[0]) {
          case "codecs" -> session.codecs();
          case "group" -> session.group(admin, step.split(":", 2)[1]);
          case "transactions" -> session.transactions(admin);
          case "admin" -> session.admin(admin);
          default -> throw new IllegalArgumentException(step);
        }
      }
    }
    Runtime.getRuntime().halt(0);
  }

  private Map<String, Object> config(Map<String, ?> more) {
    Map<String, Object> config = new HashMap<>(more);
    config.put("bootstrap.servers", address);
    return config;
  }

  private Producer<String, String> producer(Map<String, ?> more) {
    Map<String, Object> config = config(more);
    config.put("acks", "all");
    config.put("linger.ms", "20");
    return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
  }

  private Consumer<String, String> consumer(Map<String, ?> more) {
    Map<String, Object> config = config(more);
    config.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
  }

  private void createTopics(AdminClient admin) throws Exception {
    List<NewTopic> topics = new ArrayList<>();
    for (String name : List.of("none", "gzip", "snappy", "lz4", "zstd", "transactions")) {
      topics.add(new NewTopic(prefix + "-" + name, 4, (short) 1));
    }
    admin.createTopics(topics).all().get();
  }

  private void codecs() throws Exception {
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      String topic = prefix + "-" + codec;
      try (Producer<String, String> producer =
          producer(Map.of("compression.type", codec, "enable.idempotence", "true"))) {
        send(producer, topic, 0, RECORDS);
      }
      try (Consumer<String, String> consumer = consumer(Map.of())) {
        consumer.assign(partitions(topic));
        consumer.seekToBeginning(partitions(topic));
        check(numbers(consumer, RECORDS).equals(upTo(RECORDS)), codec);
        long end = consumer.endOffsets(partitions(topic)).values().stream().mapToLong(e -> e).sum();
        check(end == RECORDS, "end offsets " + end);
        check(
            consumer.offsetsForTimes(Map.of(new TopicPartition(topic, 0), 0L)).size() == 1,
            "offset by time");
      }
      System.out.println("codec " + codec);
    }
  }

  /**
   * @param kind an assignor's class name, or a group protocol
   */
  private void group(AdminClient admin, String kind) throws Exception {
    String topic = prefix + "-gzip";
    String group = prefix + "-" + kind;
    Map<String, String> config =
        kind.equals("consumer")
            ? Map.of("group.id", group, "group.protocol", "consumer")
            : Map.of(
                "group.id",
                group,
                "partition.assignment.strategy",
                "org.apache.kafka.clients.consumer." + kind);
    try (Consumer<String, String> second = consumer(config)) {
      try (Consumer<String, String> first = consumer(config)) {
        first.subscribe(List.of(topic));
        check(numbers(first, RECORDS).equals(upTo(RECORDS)), "alone");
        first.commitSync();
        second.subscribe(List.of(topic));
        pollUntil(
            List.of(first, second),
            () -> first.assignment().size() == 2 && second.assignment().size() == 2);
        Set<TopicPartition> both = new TreeSet<>(BY_PARTITION);
        both.addAll(first.assignment());
        both.addAll(second.assignment());
        check(both.size() == 4, "shared");
      }
      pollUntil(List.of(second), () -> second.assignment().size() == 4);
    }
    Map<TopicPartition, OffsetAndMetadata> offsets =
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    check(offsets.values().stream().mapToLong(o -> o.offset()).sum() == RECORDS, "committed");
    System.out.println("group " + kind);
  }

  private static void pollUntil(
      List<Consumer<String, String>> consumers, BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      for (Consumer<String, String> each : consumers) {
        check(each.poll(Duration.ofMillis(100)).isEmpty(), "committed offsets were not taken over");
      }
    }
  }

  private void transactions(AdminClient admin) throws Exception {
    String topic = prefix + "-transactions";
    TopicPartition source = new TopicPartition(prefix + "-gzip", 0);
    String group = prefix + "-transactional";
    try (Producer<String, String> producer = producer(Map.of("transactional.id", prefix));
        Consumer<String, String> reader = consumer(Map.of("isolation.level", "read_committed"))) {
      producer.initTransactions();
      for (int first = 0; first < 30; first += 10) {
        producer.beginTransaction();
        send(producer, topic, first, 10);
        sendOffsets(producer, Map.of(source, new OffsetAndMetadata(first + 1)), group);
        if (first == 10) {
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
      }
      reader.assign(partitions(topic));
      reader.seekToBeginning(partitions(topic));
      Set<Integer> committed = upTo(30);
      committed.removeIf(number -> number >= 10 && number < 20);
      check(numbers(reader, 20).equals(committed), "committed only");
      check(
          Objects.requireNonNull(
                      admin
                          .listConsumerGroupOffsets(group)
                          .partitionsToOffsetAndMetadata()
                          .get()
                          .get(source))
                  .offset()
              == 21,
          "offsets of the last committed transaction");
      try (Producer<String, String> next = producer(Map.of("transactional.id", prefix))) {
        next.initTransactions();
        checkFenced(producer, topic);
      }
    }
    System.out.println("transactions");
  }

  private static void checkFenced(Producer<String, String> producer, String topic)
      throws Exception {
    try {
      producer.beginTransaction();
      send(producer, topic, 30, 1);
      producer.commitTransaction();
    } catch (KafkaException | ExecutionException fenced) {
      return;
    }
    throw new IllegalStateException("two producers with one transactional id");
  }

  /** Its second argument was the group's name, and is what the consumer knows of it since 2.5. */
  private void sendOffsets(
      Producer<String, String> producer,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      String group)
      throws Exception {
    Method method = null;
    for (Method each : Producer.class.getMethods()) {
      if (each.getName().equals("sendOffsetsToTransaction")
          && (method == null || !each.getParameterTypes()[1].equals(String.class))) {
        method = each;
      }
    }
    if (method == null) {
      throw new IllegalStateException("no sendOffsetsToTransaction");
    }
    if (method.getParameterTypes()[1].equals(String.class)) {
      method.invoke(producer, offsets, group);
      return;
    }
    try (Consumer<String, String> member = consumer(Map.of("group.id", group))) {
      method.invoke(producer, offsets, Consumer.class.getMethod("groupMetadata").invoke(member));
    }
  }

  private void admin(AdminClient admin) throws Exception {
    String topic = prefix + "-none";
    check(!admin.describeCluster().nodes().get().isEmpty(), "nodes");
    admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(6))).all().get();
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    check(
        Objects.requireNonNull(admin.describeConfigs(List.of(resource)).all().get().get(resource))
                .get("retention.ms")
            != null,
        "configs");
    check(
        admin.listConsumerGroups().all().get().stream()
            .anyMatch(each -> each.groupId().startsWith(prefix)),
        "groups");
    admin.deleteTopics(List.of(topic)).all().get();
    while (admin.listTopics().names().get().contains(topic)) {
      check(true, "deleted");
    }
    System.out.println("admin");
  }

  private static void send(Producer<String, String> producer, String topic, int first, int count)
      throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (int i = first; i < first + count; i++) {
      sent.add(producer.send(new ProducerRecord<>(topic, "k" + i, i + FILL)));
    }
    for (Future<RecordMetadata> each : sent) {
      each.get();
    }
  }

  private static Set<Integer> numbers(Consumer<String, String> consumer, int count) {
    List<Integer> seen = new ArrayList<>();
    while (seen.size() < count) {
      for (ConsumerRecord<String, String> each : consumer.poll(Duration.ofMillis(500))) {
        int number = Integer.parseInt(each.key().substring(1));
        check(each.value().equals(number + FILL), "value of " + number);
        seen.add(number);
      }
      check(true, seen.size() + " of " + count);
    }
    check(seen.size() == count, "records twice: " + seen);
    return new TreeSet<>(seen);
  }

  private static Set<Integer> upTo(int end) {
    Set<Integer> numbers = new TreeSet<>();
    for (int i = 0; i < end; i++) {
      numbers.add(i);
    }
    return numbers;
  }

  private static Collection<TopicPartition> partitions(String topic) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (int p = 0; p < 4; p++) {
      partitions.add(new TopicPartition(topic, p));
    }
    return partitions;
  }

  private static void check(boolean holds, String what) {
    if (!holds || System.nanoTime() - DEADLINE_NS > 0) {
      throw new IllegalStateException(what);
    }
  }
}
