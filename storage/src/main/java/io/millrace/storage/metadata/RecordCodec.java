package io.millrace.storage.metadata;

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
import java.util.List;
import java.util.TreeMap;

/**
 * Bytes of every {@link MetadataRecord}. Type numbers are never reused; a changed layout gets a new
 * version.
 */
final class RecordCodec {
  static final int VERSION = 1;

  private static final int TYPE_MAX = 22;

  private RecordCodec() {}

  static int type(MetadataRecord record) {
    return switch (record) {
      case NoOp _ -> 1;
      case ClusterCreated _ -> 2;
      case IncarnationRegistered _ -> 3;
      case IncarnationFenced _ -> 4;
      case IncarnationRecovered _ -> 5;
      case WalPublished _ -> 6;
      case TopicCreated _ -> 7;
      case TopicDeleted _ -> 8;
      case PartitionsAdded _ -> 9;
      case LeaderHandedOver _ -> 10;
      case TargetLeaderSet _ -> 11;
      case LogStartMoved _ -> 12;
      case ConfigsChanged _ -> 13;
      case ProducerIdsTaken _ -> 14;
      case ObjectsMerged _ -> 15;
      case CheckpointTaken _ -> 16;
      case UploadFloorMoved _ -> 17;
      case FeaturesChanged _ -> 18;
      case ReplicasChanged _ -> 19;
      case QuotasChanged _ -> 20;
      case NodeUnregistered _ -> 21;
    };
  }

  static byte[] encode(MetadataRecord record) {
    Encoder out = new Encoder();
    switch (record) {
      case NoOp _ -> {}
      case ClusterCreated r ->
          out.uuid(r.clusterId()).i32(r.formatVersion()).levels(new TreeMap<>(r.features()));
      case IncarnationRegistered r ->
          out.writer(r.writer())
              .i32(r.nodeId())
              .optional(r.replaces(), out::writer)
              .list(r.endpoints(), e -> writeEndpoint(out, e))
              .optional(r.rack(), out::text)
              .text(r.version());
      case IncarnationFenced r -> out.writer(r.writer());
      case IncarnationRecovered r ->
          out.writer(r.writer())
              .i64(r.trim())
              .i64(r.endSequence())
              .list(r.objects(), o -> writeObject(out, o));
      case WalPublished r ->
          out.writer(r.writer())
              .i64(r.trimBefore())
              .i64(r.trimAfter())
              .list(r.objects(), o -> writeObject(out, o));
      case TopicCreated r ->
          out.uuid(r.topicId())
              .text(r.name())
              .list(r.replicas(), out::ints)
              .texts(new TreeMap<>(r.configs()));
      case TopicDeleted r -> out.uuid(r.topicId());
      case PartitionsAdded r ->
          out.uuid(r.topicId()).i32(r.partitionsBefore()).list(r.replicas(), out::ints);
      case LeaderHandedOver r ->
          out.partition(r.partition()).i32(r.leaderEpoch()).i32(r.newLeader());
      case TargetLeaderSet r -> out.partition(r.partition()).i32(r.targetLeader());
      case LogStartMoved r -> out.partition(r.partition()).i32(r.leaderEpoch()).i64(r.logStart());
      case ConfigsChanged r ->
          out.u16(scopeCode(r.scope()))
              .text(r.name())
              .changes(new TreeMap<>(r.changes()))
              .changes(new TreeMap<>(r.before()));
      case ProducerIdsTaken r -> out.i64(r.first()).i32(r.count());
      case ObjectsMerged r ->
          out.list(r.inputs(), out::text)
              .list(r.outputs(), o -> writeObject(out, o))
              .list(r.dropped(), d -> out.partition(d.partition()).i64(d.end()));
      case CheckpointTaken r ->
          out.text(r.key())
              .i64(r.sizeBytes())
              .i32(r.crc())
              .list(
                  r.partitions(),
                  p -> out.partition(p.partition()).i32(p.leaderEpoch()).i64(p.end()));
      case UploadFloorMoved r -> out.writer(r.writer()).i64(r.floor());
      case FeaturesChanged r ->
          out.levels(new TreeMap<>(r.levels())).levels(new TreeMap<>(r.before()));
      case ReplicasChanged r -> out.partition(r.partition()).ints(r.before()).ints(r.replicas());
      case NodeUnregistered r -> out.i32(r.nodeId());
      case QuotasChanged r -> {
        writeEntity(out, r.entity());
        out.list(
            new TreeMap<>(r.changes()).entrySet(),
            e -> out.text(e.getKey()).optional(e.getValue(), out::f64));
      }
    }
    return out.toArray();
  }

  static MetadataRecord decode(int type, int version, Decoder in) {
    if (type >= TYPE_MAX) {
      throw Decoder.newer(in.key(), "record type", type, TYPE_MAX - 1);
    }
    if (version > VERSION) {
      throw Decoder.newer(in.key(), "version of record type " + type + ":", version, VERSION);
    }
    if (version == 0) {
      throw in.corrupt("record version 0 was never written");
    }
    return switch (type) {
      case 1 -> new NoOp();
      case 2 -> new ClusterCreated(in.uuid(), in.i32(), in.levels());
      case 3 ->
          new IncarnationRegistered(
              in.writer(),
              in.i32(),
              in.optional(in::writer),
              in.list(() -> readEndpoint(in)),
              in.optional(in::text),
              in.text());
      case 4 -> new IncarnationFenced(in.writer());
      case 5 ->
          new IncarnationRecovered(in.writer(), in.i64(), in.i64(), in.list(() -> readObject(in)));
      case 6 -> new WalPublished(in.writer(), in.i64(), in.i64(), in.list(() -> readObject(in)));
      case 7 -> new TopicCreated(in.uuid(), in.text(), in.list(in::ints), in.texts());
      case 8 -> new TopicDeleted(in.uuid());
      case 9 -> new PartitionsAdded(in.uuid(), in.i32(), in.list(in::ints));
      case 10 -> new LeaderHandedOver(in.partition(), in.i32(), in.i32());
      case 11 -> new TargetLeaderSet(in.partition(), in.i32());
      case 12 -> new LogStartMoved(in.partition(), in.i32(), in.i64());
      case 13 -> new ConfigsChanged(scope(in), in.text(), in.changes(), in.changes());
      case 14 -> new ProducerIdsTaken(in.i64(), in.i32());
      case 15 ->
          new ObjectsMerged(
              in.list(in::text),
              in.list(() -> readObject(in)),
              in.list(() -> new Dropped(in.partition(), in.i64())));
      case 16 ->
          new CheckpointTaken(
              in.text(),
              in.i64(),
              in.i32(),
              in.list(() -> new CheckpointEntry(in.partition(), in.i32(), in.i64())));
      case 17 -> new UploadFloorMoved(in.writer(), in.i64());
      case 18 -> new FeaturesChanged(in.levels(), in.levels());
      case 19 -> new ReplicasChanged(in.partition(), in.ints(), in.ints());
      case 20 -> new QuotasChanged(readEntity(in), in.values(() -> in.optional(in::f64)));
      case 21 -> new NodeUnregistered(in.i32());
      default -> throw in.corrupt("record type " + type);
    };
  }

  static void writeEndpoint(Encoder out, Endpoint endpoint) {
    out.text(endpoint.listener())
        .text(endpoint.host())
        .i32(endpoint.port())
        .text(endpoint.securityProtocol());
  }

  static Endpoint readEndpoint(Decoder in) {
    return new Endpoint(in.text(), in.text(), in.i32(), in.text());
  }

  static void writeObject(Encoder out, ObjectInfo object) {
    out.text(object.key())
        .u16(object.level())
        .writer(object.writer())
        .i64(object.sizeBytes())
        .i64(object.footerPosition())
        .i32(object.footerBytes())
        .i32(object.footerCrc())
        .partition(object.first())
        .partition(object.last())
        .i64(object.firstOffset())
        .i64(object.endOffset());
  }

  static ObjectInfo readObject(Decoder in) {
    return new ObjectInfo(
        in.text(),
        in.u16(),
        in.writer(),
        in.i64(),
        in.i64(),
        in.i32(),
        in.i32(),
        in.partition(),
        in.partition(),
        in.i64(),
        in.i64());
  }

  static void writeEntity(Encoder out, QuotaEntity entity) {
    out.list(entity.parts(), part -> out.text(part.type()).optional(part.name(), out::text));
  }

  static QuotaEntity readEntity(Decoder in) {
    List<QuotaEntity.Part> parts =
        in.list(() -> new QuotaEntity.Part(in.text(), in.optional(in::text)));
    try {
      return new QuotaEntity(parts);
    } catch (IllegalArgumentException e) {
      throw in.corrupt(String.valueOf(e.getMessage()));
    }
  }

  static int scopeCode(ConfigScope scope) {
    return switch (scope) {
      case TOPIC -> 1;
      case BROKER -> 2;
      case CLUSTER_DEFAULT -> 3;
      case GROUP -> 4;
      case CLIENT_METRICS -> 5;
    };
  }

  static ConfigScope scope(Decoder in) {
    int code = in.u16();
    return switch (code) {
      case 1 -> ConfigScope.TOPIC;
      case 2 -> ConfigScope.BROKER;
      case 3 -> ConfigScope.CLUSTER_DEFAULT;
      case 4 -> ConfigScope.GROUP;
      case 5 -> ConfigScope.CLIENT_METRICS;
      default -> throw in.corrupt("config scope " + code);
    };
  }
}
