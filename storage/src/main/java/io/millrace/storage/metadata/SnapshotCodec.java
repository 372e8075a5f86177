package io.millrace.storage.metadata;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.ConfigResource;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.pcollections.PSortedMap;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;
import org.pcollections.TreePVector;

/**
 * Bytes of a snapshot, the whole {@link MetadataImage}: docs/formats/metadata.md. What can be
 * derived is not stored.
 */
final class SnapshotCodec {
  /** A larger image is a bug or a cluster far beyond what one is meant to hold. */
  static final int BYTES_MAX = 1 << 30;

  private static final int MAGIC = 0x4d494d47; // MIMG
  private static final int VERSION = 1;

  private SnapshotCodec() {}

  static byte[] encode(MetadataImage image) {
    Encoder out = new Encoder();
    out.i32(MAGIC).u16(VERSION).i64(image.entryNumber()).i64(image.entryHash());
    out.optional(image.clusterId(), out::uuid).i32(image.formatVersion());
    out.list(image.incarnations().values(), i -> writeIncarnation(out, i));
    out.list(image.ended().entrySet(), e -> out.writer(e.getKey()).i64(e.getValue()));
    out.list(image.topics().values(), t -> writeTopic(out, t));
    out.list(image.objects().values(), o -> RecordCodec.writeObject(out, o));
    out.list(image.configs().entrySet(), e -> writeConfigs(out, e));
    out.levels(image.features());
    out.list(image.quotas().entrySet(), e -> writeQuotas(out, e));
    out.ints(image.unregistered());
    out.i64(image.nextProducerId()).i64(image.nextBrokerEpoch());
    return out.withCrc();
  }

  static MetadataImage decode(String key, ByteBuffer body) {
    Decoder in = Decoder.open(key, body, MAGIC, VERSION);
    long number = in.i64();
    long hash = in.i64();
    var clusterId = in.optional(in::uuid);
    int formatVersion = in.i32();
    var incarnations = index(in.list(() -> readIncarnation(in)), Incarnation::writer);
    PSortedMap<WriterId, Long> ended =
        index(
            in.list(() -> Map.entry(in.writer(), in.i64())),
            Map.Entry::getKey,
            Map.Entry::getValue);
    var topics = index(in.list(() -> readTopic(in)), Topic::id);
    var objects = index(in.list(() -> RecordCodec.readObject(in)), ObjectInfo::key);
    PSortedMap<ConfigResource, PSortedMap<String, String>> configs = TreePMap.empty();
    for (var e : in.list(() -> readConfigs(in))) {
      configs = configs.plus(e.getKey(), e.getValue());
    }
    PSortedMap<String, Short> features = TreePMap.from(in.levels());
    PSortedMap<QuotaEntity, PSortedMap<String, Double>> quotas = TreePMap.empty();
    for (var e : in.list(() -> readQuotas(in))) {
      quotas = quotas.plus(e.getKey(), e.getValue());
    }
    var image =
        new MetadataImage(
            number,
            hash,
            clusterId,
            formatVersion,
            incarnations,
            ended,
            brokers(incarnations),
            topics,
            index(topics.values(), Topic::name, Topic::id),
            objects,
            configs,
            features,
            quotas,
            TreePSet.from(in.ints()),
            in.i64(),
            in.i64());
    in.end();
    return image;
  }

  private static PSortedMap<Integer, WriterId> brokers(
      PSortedMap<WriterId, Incarnation> incarnations) {
    return index(
        incarnations.values().stream()
            .filter(i -> i.state() == IncarnationState.REGISTERED)
            .toList(),
        Incarnation::nodeId,
        Incarnation::writer);
  }

  private static void writeIncarnation(Encoder out, Incarnation i) {
    out.writer(i.writer()).i32(i.nodeId()).i64(i.brokerEpoch()).u16(stateCode(i.state()));
    out.list(i.endpoints(), e -> RecordCodec.writeEndpoint(out, e))
        .optional(i.rack(), out::text)
        .text(i.version());
    out.i64(i.trim()).i64(i.endSequence()).i64(i.publishedCounter()).i64(i.lastCommand());
    out.list(i.recentCommandHashes(), out::i64).i64(i.uploadFloor());
  }

  private static Incarnation readIncarnation(Decoder in) {
    return new Incarnation(
        in.writer(),
        in.i32(),
        in.i64(),
        state(in),
        in.list(() -> RecordCodec.readEndpoint(in)),
        in.optional(in::text),
        in.text(),
        in.i64(),
        in.i64(),
        in.i64(),
        in.i64(),
        in.list(in::i64),
        in.i64());
  }

  private static int stateCode(IncarnationState state) {
    return switch (state) {
      case REGISTERED -> 1;
      case FENCED -> 2;
      case RECOVERED -> 3;
    };
  }

  private static IncarnationState state(Decoder in) {
    int code = in.u16();
    return switch (code) {
      case 1 -> IncarnationState.REGISTERED;
      case 2 -> IncarnationState.FENCED;
      case 3 -> IncarnationState.RECOVERED;
      default -> throw in.corrupt("incarnation state " + code);
    };
  }

  private static void writeTopic(Encoder out, Topic topic) {
    out.uuid(topic.id()).text(topic.name()).list(topic.partitions(), p -> writePartition(out, p));
  }

  private static Topic readTopic(Decoder in) {
    return new Topic(in.uuid(), in.text(), TreePVector.from(in.list(() -> readPartition(in))));
  }

  private static void writePartition(Encoder out, Partition p) {
    out.optional(p.leader(), out::writer).optional(p.lastLeader(), out::writer);
    out.i32(p.leaderEpoch()).i32(p.partitionEpoch()).i64(p.logStart()).ints(p.replicas());
    out.optional(p.targetLeader(), out::i32).ints(p.replicasBefore());
    out.optional(
        p.checkpoint(), c -> out.text(c.key()).i64(c.sizeBytes()).i32(c.crc()).i64(c.end()));
  }

  private static Partition readPartition(Decoder in) {
    return new Partition(
        in.optional(in::writer),
        in.optional(in::writer),
        in.i32(),
        in.i32(),
        in.i64(),
        in.ints(),
        in.optional(in::i32),
        in.ints(),
        in.optional(() -> new Checkpoint(in.text(), in.i64(), in.i32(), in.i64())));
  }

  private static void writeConfigs(
      Encoder out, Map.Entry<ConfigResource, PSortedMap<String, String>> configs) {
    out.u16(RecordCodec.scopeCode(configs.getKey().scope()))
        .text(configs.getKey().name())
        .texts(configs.getValue());
  }

  private static Map.Entry<ConfigResource, PSortedMap<String, String>> readConfigs(Decoder in) {
    return Map.entry(
        new ConfigResource(RecordCodec.scope(in), in.text()), TreePMap.from(in.texts()));
  }

  private static void writeQuotas(
      Encoder out, Map.Entry<QuotaEntity, PSortedMap<String, Double>> quotas) {
    RecordCodec.writeEntity(out, quotas.getKey());
    out.list(quotas.getValue().entrySet(), e -> out.text(e.getKey()).f64(e.getValue()));
  }

  private static Map.Entry<QuotaEntity, PSortedMap<String, Double>> readQuotas(Decoder in) {
    return Map.entry(RecordCodec.readEntity(in), TreePMap.from(in.values(in::f64)));
  }

  private static <K extends Comparable<? super K>, V> PSortedMap<K, V> index(
      Iterable<V> values, Function<V, K> key) {
    return index(values, key, v -> v);
  }

  private static <T, K extends Comparable<? super K>, V> PSortedMap<K, V> index(
      Iterable<T> values, Function<T, K> key, Function<T, V> value) {
    TreeMap<K, V> sorted = new TreeMap<>();
    for (T each : values) {
      sorted.put(key.apply(each), value.apply(each));
    }
    return TreePMap.fromSortedMap(sorted);
  }
}
