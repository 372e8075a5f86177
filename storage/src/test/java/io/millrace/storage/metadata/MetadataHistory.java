package io.millrace.storage.metadata;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The one history of the metadata, put together from what logs call validated, and what brokers
 * were told of their commands. Every image a log shows and every outcome is checked against it at
 * once.
 */
final class MetadataHistory {
  private final LossyStore store;
  private final Map<Long, MetadataImage> images = new HashMap<>();
  private final Map<Issued, Integer> issued = new HashMap<>();
  private final Map<WriterId, Integer> lastApplied = new HashMap<>();
  private final Set<Issued> applied = new HashSet<>();
  private final Set<Issued> voided = new HashSet<>();
  private final List<Throwable> violations = new ArrayList<>();
  private MetadataImage tip = MetadataImage.EMPTY;
  int unsettled;

  private record Issued(WriterId issuer, MetadataRecord record) {}

  MetadataHistory(LossyStore store) {
    this.store = store;
    images.put(0L, tip);
  }

  MetadataImage tip() {
    return tip;
  }

  void watch(MetadataLog log) {
    check(() -> observe(log.image()));
    log.addListener((before, after) ->
        check(() -> {
          assertThat(after.entryNumber()).isGreaterThan(before.entryNumber());
          observe(after);
        }));
    log.ended()
        .thenAccept(
            cause -> check(() -> assertThat(cause).isInstanceOf(IncarnationEndedException.class)));
  }

  /** What was seen that must not be; a log would take it for the end of its incarnation. */
  List<Throwable> violations() {
    return violations;
  }

  private void check(Runnable assertion) {
    try {
      assertion.run();
    } catch (AssertionError | RuntimeException e) {
      violations.add(e);
    }
  }

  /** Each record of an incarnation at most once, so that it tells which command it was. */
  void submit(MetadataLog log, MetadataRecord record) {
    Issued command = new Issued(log.writer(), record);
    if (issued.putIfAbsent(command, issued.size()) != null) {
      return;
    }
    unsettled++;
    log.submit(record)
        .whenComplete((outcome, _) -> {
          unsettled--;
          check(() -> settled(command, outcome));
        });
  }

  private void settled(Issued command, @Nullable Outcome outcome) {
    switch (outcome) {
      case Outcome.Applied a ->
          assertThat(applied.contains(command))
              .as("%s, told applied at %d", command, a.image().entryNumber())
              .isTrue();
      case Outcome.Voided v -> {
        assertThat(applied.contains(command))
            .as("%s, told void: %s", command, v.reason())
            .isFalse();
        voided.add(command);
      }
      case null -> {} // its incarnation has ended
    }
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
    Issued which = new Issued(command.issuer(), command.record());
    Integer serial = issued.get(which);
    if (serial == null) {
      return; // the log's own, or a registration
    }
    assertThat(applied.add(which)).as("%s applied once", command).isTrue();
    assertThat(voided.contains(which)).as("%s, told void", command).isFalse();
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
