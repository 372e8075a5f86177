package io.millrace.storage.metadata;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The one history of the metadata, put together from what logs call validated, and what brokers
 * were told of their commands. Every image a log shows and every outcome is checked against it at
 * once.
 */
final class MetadataHistory {
  private final LossyStore store;
  private final Map<Long, MetadataImage> images = new HashMap<>();
  private final Map<WriterId, Map<MetadataRecord, Integer>> issued = new HashMap<>();
  private final Map<WriterId, Integer> lastApplied = new HashMap<>();
  private final Set<MetadataRecord> applied = new HashSet<>();
  private final Set<MetadataRecord> voided = new HashSet<>();
  private MetadataImage tip = MetadataImage.EMPTY;
  int unsettled;

  MetadataHistory(LossyStore store) {
    this.store = store;
    images.put(0L, tip);
  }

  MetadataImage tip() {
    return tip;
  }

  boolean isApplied(MetadataRecord record) {
    return applied.contains(record);
  }

  void watch(MetadataLog log) {
    observe(log.image());
    log.addListener((before, after) -> {
      assertThat(after.entryNumber()).isGreaterThan(before.entryNumber());
      observe(after);
    });
  }

  /** Records are unlike each other, so that each tells which command it was. */
  void submit(MetadataLog log, MetadataRecord record) {
    Map<MetadataRecord, Integer> own = issued.computeIfAbsent(log.writer(), _ -> new HashMap<>());
    own.put(record, own.size());
    unsettled++;
    log.submit(record)
        .whenComplete((outcome, _) -> {
          unsettled--;
          switch (outcome) {
            case Outcome.Applied a ->
                assertThat(applied).as("%s, told applied at %d", record, a.image().entryNumber())
                    .contains(record);
            case Outcome.Voided v -> {
              assertThat(applied).as("told void: %s", v.reason()).doesNotContain(record);
              voided.add(record);
            }
            case null -> {} // its incarnation has ended
          }
        });
  }

  /** One number, one image, for everybody. */
  private void observe(MetadataImage image) {
    extendTo(image.entryNumber(), image.entryHash());
    assertThat(image)
        .as("image at entry %d", image.entryNumber())
        .isEqualTo(images.get(image.entryNumber()));
  }

  private void extendTo(long number, long hash) {
    ArrayDeque<StoredEntry> missing = new ArrayDeque<>();
    long wanted = hash;
    for (long n = number; n > tip.entryNumber(); n--) {
      Entry entry = requireNonNull(store.entries.get(wanted), "entry " + n + " never stood");
      missing.addFirst(StoredEntry.of(entry));
      wanted = entry.predecessorHash();
    }
    for (StoredEntry next : missing) {
      assertThat(next.entry().predecessorHash())
          .as("predecessor of entry %d", next.entry().number())
          .isEqualTo(tip.entryHash());
      ImageDraft draft = new ImageDraft(tip);
      next.entry().commands().forEach(command -> apply(draft, command));
      tip = draft.image(next.entry().number(), next.hash());
      images.put(tip.entryNumber(), tip);
      assertOneRegisteredIncarnationPerNode();
    }
  }

  private void apply(ImageDraft draft, Command command) {
    if (draft.apply(command) != null) {
      return;
    }
    Integer serial = issued.getOrDefault(command.issuer(), Map.of()).get(command.record());
    if (serial == null) {
      return; // the log's own, or a registration
    }
    assertThat(applied.add(command.record())).as("%s applied once", command).isTrue();
    assertThat(voided).as("told void").doesNotContain(command.record());
    Integer before = lastApplied.put(command.issuer(), serial);
    assertThat(before == null ? -1 : before).as("before %s", command).isLessThan(serial);
  }

  private void assertOneRegisteredIncarnationPerNode() {
    List<Integer> nodes =
        tip.incarnations().values().stream()
            .filter(i -> i.state() == IncarnationState.REGISTERED)
            .map(i -> i.nodeId())
            .toList();
    assertThat(nodes).as("registered at entry %d", tip.entryNumber()).doesNotHaveDuplicates();
  }
}
