package io.millrace.storage.metadata;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.NodeUnregistered;
import io.millrace.storage.metadata.MetadataRecord.UploadFloorMoved;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What happens to incarnations: registered, then fenced (trim frozen), then recovered (end of its
 * log).
 */
final class IncarnationEffects {
  private IncarnationEffects() {}

  static @Nullable String registered(ImageDraft draft, IncarnationRegistered r) {
    if (draft.incarnations.containsKey(r.writer()) || draft.ended.containsKey(r.writer())) {
      return "incarnation %s is known already".formatted(r.writer());
    }
    WriterId older = draft.brokers.get(r.nodeId());
    if (!Optional.ofNullable(older).equals(r.replaces())) {
      return "the registered incarnation of node %d is %s, not %s"
          .formatted(r.nodeId(), text(Optional.ofNullable(older)), text(r.replaces()));
    }
    if (older != null) {
      fence(draft, older);
    }
    forgetRecovered(draft, r.nodeId());
    var incarnation =
        new Incarnation(
            r.writer(),
            r.nodeId(),
            draft.nextBrokerEpoch,
            IncarnationState.REGISTERED,
            r.endpoints(),
            r.rack(),
            r.version(),
            -1,
            -1,
            -1,
            -1,
            List.of(),
            0);
    draft.incarnations = draft.incarnations.plus(r.writer(), incarnation);
    draft.brokers = draft.brokers.plus(r.nodeId(), r.writer());
    draft.nextBrokerEpoch++;
    draft.unregistered = draft.unregistered.minus(r.nodeId());
    return null;
  }

  /**
   * Of earlier lives of the node only the end is kept, 24 bytes in a snapshot, so that a broker
   * that begins anew often does not make the image grow by all that it once said of itself.
   */
  private static void forgetRecovered(ImageDraft draft, int nodeId) {
    List<Incarnation> recovered =
        draft.incarnations.values().stream()
            .filter(i -> i.nodeId() == nodeId && i.state() == IncarnationState.RECOVERED)
            .toList();
    if (recovered.isEmpty()) {
      return;
    }
    Set<WriterId> listed = new HashSet<>();
    draft.objects.values().forEach(object -> listed.add(object.writer()));
    for (Incarnation each : recovered) {
      if (!listed.contains(each.writer())) {
        draft.incarnations = draft.incarnations.minus(each.writer());
        draft.ended = draft.ended.plus(each.writer(), each.endSequence());
      }
    }
  }

  private static String text(Optional<WriterId> writer) {
    return writer.map(WriterId::toString).orElse("none");
  }

  static @Nullable String fenced(ImageDraft draft, IncarnationFenced r) {
    if (!draft.isRegistered(r.writer())) {
      return "incarnation %s is not registered".formatted(r.writer());
    }
    fence(draft, r.writer());
    return null;
  }

  static @Nullable String recovered(ImageDraft draft, IncarnationRecovered r) {
    Incarnation ended = draft.incarnations.get(r.writer());
    if (ended == null || ended.state() != IncarnationState.FENCED) {
      return "incarnation %s is %s, not fenced"
          .formatted(r.writer(), ended == null ? "unknown" : ended.state());
    }
    if (ended.trim() != r.trim() || r.endSequence() < r.trim()) {
      return "the log of incarnation %s is trimmed to %d, not %d (end %d)"
          .formatted(r.writer(), ended.trim(), r.trim(), r.endSequence());
    }
    String reason = ObjectEffects.listLevelZero(draft, ended, r.objects());
    if (reason != null) {
      return reason;
    }
    Incarnation published = draft.incarnation(r.writer());
    replace(
        draft,
        new Incarnation(
            ended.writer(),
            ended.nodeId(),
            ended.brokerEpoch(),
            IncarnationState.RECOVERED,
            ended.endpoints(),
            ended.rack(),
            ended.version(),
            ended.trim(),
            r.endSequence(),
            published.publishedCounter(),
            ended.lastCommand(),
            List.of(),
            ended.uploadFloor()));
    PartitionEffects.reassign(draft, r.writer());
    return null;
  }

  static @Nullable String nodeUnregistered(ImageDraft draft, NodeUnregistered r) {
    if (draft.brokers.containsKey(r.nodeId())) {
      return "node %d is registered".formatted(r.nodeId());
    }
    if (draft.unregistered.contains(r.nodeId())
        || draft.incarnations.values().stream().noneMatch(i -> i.nodeId() == r.nodeId())) {
      return "node %d is not known".formatted(r.nodeId());
    }
    draft.unregistered = draft.unregistered.plus(r.nodeId());
    return null;
  }

  static @Nullable String uploadFloorMoved(ImageDraft draft, WriterId issuer, UploadFloorMoved r) {
    Incarnation incarnation = draft.incarnation(issuer);
    if (!issuer.equals(r.writer()) || r.floor() <= incarnation.uploadFloor()) {
      return "the upload floor of incarnation %s is %d already"
          .formatted(issuer, incarnation.uploadFloor());
    }
    replace(
        draft,
        with(
            incarnation,
            incarnation.state(),
            incarnation.trim(),
            incarnation.publishedCounter(),
            r.floor()));
    return null;
  }

  static void published(
      ImageDraft draft, Incarnation incarnation, long trim, long publishedCounter) {
    replace(
        draft,
        with(incarnation, incarnation.state(), trim, publishedCounter, incarnation.uploadFloor()));
  }

  static void noteCommand(ImageDraft draft, Command command) {
    Incarnation i = draft.incarnation(command.issuer());
    List<Long> hashes = new ArrayList<>(i.recentCommandHashes());
    hashes.add(command.hash());
    if (hashes.size() > Command.UNSETTLED_MAX) {
      hashes.remove(0);
    }
    replace(
        draft,
        new Incarnation(
            i.writer(),
            i.nodeId(),
            i.brokerEpoch(),
            i.state(),
            i.endpoints(),
            i.rack(),
            i.version(),
            i.trim(),
            i.endSequence(),
            i.publishedCounter(),
            command.number(),
            List.copyOf(hashes),
            i.uploadFloor()));
  }

  private static void fence(ImageDraft draft, WriterId writer) {
    Incarnation incarnation = draft.incarnation(writer);
    replace(
        draft,
        with(
            incarnation,
            IncarnationState.FENCED,
            incarnation.trim(),
            incarnation.publishedCounter(),
            incarnation.uploadFloor()));
    draft.brokers = draft.brokers.minus(incarnation.nodeId());
    PartitionEffects.removeLeader(draft, writer);
  }

  private static Incarnation with(
      Incarnation i, IncarnationState state, long trim, long publishedCounter, long uploadFloor) {
    return new Incarnation(
        i.writer(),
        i.nodeId(),
        i.brokerEpoch(),
        state,
        i.endpoints(),
        i.rack(),
        i.version(),
        trim,
        i.endSequence(),
        publishedCounter,
        i.lastCommand(),
        i.recentCommandHashes(),
        uploadFloor);
  }

  private static void replace(ImageDraft draft, Incarnation incarnation) {
    draft.incarnations = draft.incarnations.plus(incarnation.writer(), incarnation);
  }
}
