import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Reads records from one topic, writes each in capitals to another, and commits what it read and
 * what it wrote in one transaction: whatever is killed when, each record is written once. Runs
 * until it is stopped.
 *
 * <pre>java -cp 'cli/target/millrace/tools/*' examples/ConsumeTransformProduce.java localhost:9092 in out</pre>
 */
public final class ConsumeTransformProduce {
  private ConsumeTransformProduce() {}

  public static void main(String[] arguments) {
    String brokers = arguments[0];
    String input = arguments[1];
    String output = arguments[2];
    while (true) {
      // a producer that was fenced, or does not know what became of a transaction, begins anew
      try (KafkaProducer<String, String> producer = new KafkaProducer<>(producer(brokers, output));
          KafkaConsumer<String, String> consumer = new KafkaConsumer<>(consumer(brokers, output))) {
        producer.initTransactions();
        consumer.subscribe(List.of(input));
        while (true) {
          ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
          if (!records.isEmpty()) {
            transform(records, output, producer, consumer);
          }
        }
      } catch (KafkaException e) {
        System.err.println("begins anew after " + e);
      }
    }
  }

  private static void transform(
      ConsumerRecords<String, String> records,
      String output,
      KafkaProducer<String, String> producer,
      KafkaConsumer<String, String> consumer) {
    Map<TopicPartition, OffsetAndMetadata> read = new HashMap<>();
    producer.beginTransaction();
    for (ConsumerRecord<String, String> record : records) {
      producer.send(
          new ProducerRecord<>(
              output, record.partition(), record.key(), record.value().toUpperCase()));
      read.put(
          new TopicPartition(record.topic(), record.partition()),
          new OffsetAndMetadata(record.offset() + 1));
    }
    producer.sendOffsetsToTransaction(read, consumer.groupMetadata());
    producer.commitTransaction();
  }

  private static Properties producer(String brokers, String name) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", brokers);
    settings.put("transactional.id", name + "-writer");
    settings.put("transaction.timeout.ms", 10_000);
    settings.put("key.serializer", StringSerializer.class);
    settings.put("value.serializer", StringSerializer.class);
    return settings;
  }

  private static Properties consumer(String brokers, String name) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", brokers);
    settings.put("group.id", name + "-readers");
    settings.put("isolation.level", "read_committed");
    settings.put("enable.auto.commit", false);
    settings.put("auto.offset.reset", "earliest");
    settings.put("max.poll.records", 100);
    settings.put("session.timeout.ms", 6_000);
    settings.put("key.deserializer", StringDeserializer.class);
    settings.put("value.deserializer", StringDeserializer.class);
    return settings;
  }
}
