package io.millrace.storage.metadata;

import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataRecord.CheckpointEntry;
import io.millrace.storage.metadata.MetadataRecord.CheckpointTaken;
import io.millrace.storage.metadata.MetadataRecord.ClusterCreated;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
import io.millrace.storage.metadata.MetadataRecord.Dropped;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.MetadataRecord.FeaturesChanged;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.LeaderHandedOver;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.NodeUnregistered;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.MetadataRecord.PartitionsAdded;
import io.millrace.storage.metadata.MetadataRecord.ProducerIdsTaken;
import io.millrace.storage.metadata.MetadataRecord.QuotasChanged;
import io.millrace.storage.metadata.MetadataRecord.ReplicasChanged;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.metadata.MetadataRecord.UploadFloorMoved;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/** Fixed values for tests of the metadata log. */
final class Samples {
  static final WriterId A = new WriterId(0x0a0a, 1);
  static final WriterId B = new WriterId(0x0b0b, 2);
  static final WriterId C = new WriterId(0x0c0c, 3);
  static final WriterId D = new WriterId(0x0d0d, 4);
  static final WriterId E = new WriterId(0x0e0e, 5);
  static final Uuid CLUSTER = new Uuid(1, 1);
  static final Uuid ORDERS = new Uuid(7, 70);
  static final PartitionId ORDERS_0 = new PartitionId(ORDERS, 0);
  static final PartitionId ORDERS_1 = new PartitionId(ORDERS, 1);

  static final QuotaEntity ALICE =
      new QuotaEntity(
          List.of(
              new QuotaEntity.Part("user", Optional.of("alice")),
              new QuotaEntity.Part("client-id", Optional.empty())));

  private Samples() {}

  /** The first of its node id, or after a fenced one. */
  static IncarnationRegistered registered(WriterId writer, int node) {
    return registered(writer, node, MetadataImage.EMPTY);
  }

  /** Over the one that the image shows registered. */
  static IncarnationRegistered registered(WriterId writer, int node, MetadataImage image) {
    return new IncarnationRegistered(
        writer,
        node,
        Optional.ofNullable(image.brokers().get(node)),
        List.of(new Endpoint("PLAINTEXT", "host" + node, 9092, "PLAINTEXT")),
        Optional.of("rack"),
        "0.1.0");
  }

  static ObjectInfo wal(WriterId writer, long counter) {
    return new ObjectInfo(
        Keys.wal(writer, counter),
        0,
        writer,
        8192,
        4096,
        512,
        0x1234,
        ORDERS_0,
        ORDERS_1,
        100,
        200);
  }

  static ObjectInfo data(WriterId writer, long counter) {
    return new ObjectInfo(
        Keys.data(writer, counter), 1, writer, 9000, 8000, 1000, -1, ORDERS_0, ORDERS_0, 500, 900);
  }

  static TopicCreated orders(Integer... replicas) {
    return new TopicCreated(
        ORDERS,
        "orders",
        List.of(List.of(replicas), List.of(replicas)),
        Map.of("retention.ms", "1000"));
  }

  static CheckpointTaken checkpoint(WriterId writer, long counter, int leaderEpoch, long end) {
    return new CheckpointTaken(
        Keys.checkpoint(writer, counter),
        100,
        5,
        List.of(new CheckpointEntry(ORDERS_0, leaderEpoch, end)));
  }

  /** One of every kind. */
  static List<MetadataRecord> everyRecord() {
    return List.of(
        new NoOp(),
        new ClusterCreated(CLUSTER, 1, Map.of("transaction.version", (short) 2)),
        new IncarnationRegistered(A, 1, Optional.of(B), List.of(), Optional.empty(), "0.1.0"),
        new IncarnationFenced(B),
        new IncarnationRecovered(B, 3, 9, List.of(wal(B, 4), wal(B, 5))),
        new WalPublished(A, -1, 17, List.of(wal(A, 0))),
        orders(1, 2, 3),
        new TopicDeleted(ORDERS),
        new PartitionsAdded(ORDERS, 2, List.of(List.of(1), List.of(2, 1))),
        new LeaderHandedOver(ORDERS_0, 4, 2),
        new TargetLeaderSet(ORDERS_1, 3),
        new LogStartMoved(ORDERS_0, 5, 1L << 40),
        new ConfigsChanged(
            ConfigScope.TOPIC,
            ORDERS.toString(),
            Map.of("cleanup.policy", Optional.of("compact"), "retention.ms", Optional.empty()),
            Map.of("cleanup.policy", Optional.empty())),
        new ProducerIdsTaken(1000, 1000),
        new ObjectsMerged(
            List.of(Keys.wal(A, 0), Keys.wal(A, 1)),
            List.of(data(A, 7)),
            List.of(new Dropped(ORDERS_0, 500))),
        checkpoint(A, 8, 6, 1L << 33),
        new UploadFloorMoved(A, 9),
        new FeaturesChanged(
            Map.of("group.version", (short) 1), Map.of("transaction.version", (short) 2)),
        new NodeUnregistered(7),
        new QuotasChanged(
            ALICE,
            Map.of("producer_byte_rate", Optional.of(0.5), "consumer_byte_rate", Optional.empty())),
        new ReplicasChanged(ORDERS_0, List.of(1, 2, 3), List.of(3, 4)));
  }

  static Entry entry() {
    List<Command> commands = new ArrayList<>();
    for (MetadataRecord record : everyRecord()) {
      commands.add(new Command(A, commands.size(), record));
    }
    return new Entry(42, 0x1122334455667788L, A, commands);
  }

  static Boundary boundary() {
    return new Boundary(3, 42, 0x1122334455667788L, Keys.snapshot(A, 11), 4711);
  }

  /** An image with something in every field. */
  static MetadataImage image() {
    ImageWorld world = new ImageWorld();
    world.applied(A, registered(A, 1));
    world.applied(A, new ClusterCreated(CLUSTER, 1, Map.of("transaction.version", (short) 2)));
    world.applied(B, registered(B, 2));
    world.applied(A, orders(1, 2));
    world.applied(A, new WalPublished(A, -1, 17, List.of(wal(A, 0), wal(A, 1))));
    world.applied(A, checkpoint(A, 0, 0, 500));
    world.applied(
        A,
        new ObjectsMerged(
            List.of(Keys.wal(A, 0)), List.of(data(A, 1)), List.of(new Dropped(ORDERS_0, 500))));
    world.applied(A, new LogStartMoved(ORDERS_0, 0, 500));
    world.applied(A, new TargetLeaderSet(ORDERS_1, 2));
    world.applied(A, new ReplicasChanged(ORDERS_1, List.of(1, 2), List.of(2, 3)));
    world.applied(A, new UploadFloorMoved(A, 2));
    world.applied(A, new ProducerIdsTaken(0, 1000));
    world.applied(A, new FeaturesChanged(Map.of("group.version", (short) 1), Map.of()));
    world.applied(
        A,
        new ConfigsChanged(ConfigScope.BROKER, "1", Map.of("log.retention.ms", Optional.of("5"))));
    world.applied(A, new QuotasChanged(ALICE, Map.of("request_percentage", Optional.of(12.5))));
    world.applied(B, new IncarnationFenced(A));
    world.applied(C, registered(C, 1));
    world.applied(D, registered(D, 3));
    world.applied(C, new IncarnationFenced(D));
    world.applied(C, new IncarnationRecovered(D, -1, 4, List.of()));
    world.applied(E, registered(E, 3));
    world.applied(E, new IncarnationFenced(C));
    world.applied(E, new NodeUnregistered(1));
    return world.image();
  }
}
