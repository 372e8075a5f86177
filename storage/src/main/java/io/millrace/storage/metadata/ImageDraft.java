package io.millrace.storage.metadata;

import static java.util.Objects.requireNonNull;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.ConfigResource;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataRecord.CheckpointTaken;
import io.millrace.storage.metadata.MetadataRecord.ClusterCreated;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
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
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSortedMap;
import org.pcollections.PSortedSet;
import org.pcollections.TreePMap;

/**
 * The image while one entry is applied to (or composed on) it: the one place that decides whether a
 * command is void, on image n-1 and after the records before it. A void command leaves no trace.
 * Owned by one thread; the effects of records stand in the {@code ...Effects} classes, which check
 * everything before they change anything and return null or the reason they did not.
 */
final class ImageDraft {
  Optional<Uuid> clusterId;
  int formatVersion;
  PSortedMap<WriterId, Incarnation> incarnations;
  PSortedMap<WriterId, Long> ended;
  PSortedMap<Integer, WriterId> brokers;
  PSortedMap<Uuid, Topic> topics;
  PSortedMap<String, Uuid> topicIds;
  PSortedMap<String, ObjectInfo> objects;
  PSortedMap<ConfigResource, PSortedMap<String, String>> configs;
  PSortedMap<String, Short> features;
  PSortedMap<QuotaEntity, PSortedMap<String, Double>> quotas;
  PSortedSet<Integer> unregistered;
  long nextProducerId;
  long nextBrokerEpoch;

  ImageDraft(MetadataImage image) {
    clusterId = image.clusterId();
    formatVersion = image.formatVersion();
    incarnations = image.incarnations();
    ended = image.ended();
    brokers = image.brokers();
    topics = image.topics();
    topicIds = image.topicIds();
    objects = image.objects();
    configs = image.configs();
    features = image.features();
    quotas = image.quotas();
    unregistered = image.unregistered();
    nextProducerId = image.nextProducerId();
    nextBrokerEpoch = image.nextBrokerEpoch();
  }

  /** The image after a whole entry. */
  static MetadataImage apply(MetadataImage image, Entry entry, long entryHash) {
    if (entry.number() != image.entryNumber() + 1 || entry.predecessorHash() != image.entryHash()) {
      throw new IllegalArgumentException(
          "entry %d does not follow entry %d".formatted(entry.number(), image.entryNumber()));
    }
    ImageDraft draft = new ImageDraft(image);
    entry.commands().forEach(draft::apply);
    return draft.image(entry.number(), entryHash);
  }

  /** Null if the command took effect, else why it is void. */
  @Nullable String apply(Command command) {
    String reason = issuerReason(command);
    if (reason == null) {
      try {
        reason = effect(command);
      } catch (IllegalArgumentException malformed) {
        // a key without number or writer; nothing is changed before everything is checked
        reason = "the command is malformed: " + malformed.getMessage();
      }
    }
    if (reason == null) {
      IncarnationEffects.noteCommand(this, command);
    }
    return reason;
  }

  /** The number the next command of a registered incarnation must have. */
  long nextCommand(WriterId issuer) {
    Incarnation incarnation = incarnations.get(issuer);
    return incarnation == null ? 0 : incarnation.lastCommand() + 1;
  }

  MetadataImage image(long entryNumber, long entryHash) {
    return new MetadataImage(
        entryNumber,
        entryHash,
        clusterId,
        formatVersion,
        incarnations,
        ended,
        brokers,
        topics,
        topicIds,
        objects,
        configs,
        features,
        quotas,
        unregistered,
        nextProducerId,
        nextBrokerEpoch);
  }

  /** One that is known to stand in the image. */
  Incarnation incarnation(WriterId writer) {
    return requireNonNull(incarnations.get(writer));
  }

  boolean isRegistered(WriterId writer) {
    Incarnation found = incarnations.get(writer);
    return found != null && found.state() == MetadataImage.IncarnationState.REGISTERED;
  }

  private @Nullable String issuerReason(Command command) {
    if (command.record() instanceof IncarnationRegistered registered) {
      return command.number() == 0 && registered.writer().equals(command.issuer())
          ? null
          : "a registration is command 0 of its own incarnation";
    }
    Incarnation issuer = incarnations.get(command.issuer());
    if (issuer == null || issuer.state() != MetadataImage.IncarnationState.REGISTERED) {
      return "incarnation %s is %s"
          .formatted(command.issuer(), issuer == null ? "unknown" : issuer.state());
    }
    return command.number() == issuer.lastCommand() + 1
        ? null
        : "command %d is not the next of incarnation %s, %d is"
            .formatted(command.number(), command.issuer(), issuer.lastCommand() + 1);
  }

  private @Nullable String effect(Command command) {
    WriterId issuer = command.issuer();
    return switch (command.record()) {
      case NoOp _ -> null;
      case ClusterCreated r -> created(r);
      case IncarnationRegistered r -> IncarnationEffects.registered(this, r);
      case IncarnationFenced r -> IncarnationEffects.fenced(this, r);
      case IncarnationRecovered r -> IncarnationEffects.recovered(this, r);
      case NodeUnregistered r -> IncarnationEffects.nodeUnregistered(this, r);
      case UploadFloorMoved r -> IncarnationEffects.uploadFloorMoved(this, issuer, r);
      case WalPublished r -> ObjectEffects.published(this, issuer, r);
      case ObjectsMerged r -> ObjectEffects.merged(this, issuer, r);
      case CheckpointTaken r -> ObjectEffects.checkpointTaken(this, issuer, r);
      case TopicCreated r -> TopicEffects.created(this, r);
      case TopicDeleted r -> TopicEffects.deleted(this, r);
      case PartitionsAdded r -> TopicEffects.partitionsAdded(this, r);
      case ConfigsChanged r -> TopicEffects.configsChanged(this, r);
      case LeaderHandedOver r -> PartitionEffects.handedOver(this, issuer, r);
      case TargetLeaderSet r -> PartitionEffects.targetLeaderSet(this, r);
      case ReplicasChanged r -> PartitionEffects.replicasChanged(this, r);
      case LogStartMoved r -> PartitionEffects.logStartMoved(this, issuer, r);
      case ProducerIdsTaken r -> producerIdsTaken(r);
      case FeaturesChanged r -> featuresChanged(r);
      case QuotasChanged r -> quotasChanged(r);
    };
  }

  private @Nullable String created(ClusterCreated r) {
    if (clusterId.isPresent()) {
      return "the cluster exists already: " + clusterId.get();
    }
    if (anyNegative(r.features())) {
      return "a feature level below 0";
    }
    clusterId = Optional.of(r.clusterId());
    formatVersion = r.formatVersion();
    r.features().forEach(this::setLevel);
    return null;
  }

  private @Nullable String producerIdsTaken(ProducerIdsTaken r) {
    if (r.first() != nextProducerId || r.count() <= 0 || r.first() > Long.MAX_VALUE - r.count()) {
      return "the next producer id is %d, not %d".formatted(nextProducerId, r.first());
    }
    nextProducerId = r.first() + r.count();
    return null;
  }

  private @Nullable String featuresChanged(FeaturesChanged r) {
    for (Map.Entry<String, Short> relied : r.before().entrySet()) {
      short present = features.getOrDefault(relied.getKey(), (short) 0);
      if (present != relied.getValue()) {
        return "feature %s has level %d, not %d"
            .formatted(relied.getKey(), present, relied.getValue());
      }
    }
    if (anyNegative(r.levels())) {
      return "a feature level below 0";
    }
    r.levels().forEach(this::setLevel);
    return null;
  }

  private static boolean anyNegative(Map<String, Short> levels) {
    return levels.values().stream().anyMatch(level -> level < 0);
  }

  private void setLevel(String feature, short level) {
    features = level == 0 ? features.minus(feature) : features.plus(feature, level);
  }

  private @Nullable String quotasChanged(QuotasChanged r) {
    PSortedMap<String, Double> stored = quotas.getOrDefault(r.entity(), TreePMap.empty());
    for (Map.Entry<String, Optional<Double>> change : r.changes().entrySet()) {
      stored =
          change.getValue().isPresent()
              ? stored.plus(change.getKey(), change.getValue().get())
              : stored.minus(change.getKey());
    }
    quotas = stored.isEmpty() ? quotas.minus(r.entity()) : quotas.plus(r.entity(), stored);
    return null;
  }
}
