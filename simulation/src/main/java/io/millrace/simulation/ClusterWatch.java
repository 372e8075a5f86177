package io.millrace.simulation;

import io.millrace.simulation.store.SimulatedStore;
import io.millrace.simulation.store.StoreWatcher;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sees every image any broker holds valid and every object that comes or goes. One history for all
 * (no fork), leaders change only as they may (I14), nothing listed is missing or deleted (I8), log
 * starts and epochs never go back (I9).
 */
final class ClusterWatch implements StoreWatcher {
  private static final String UNFINISHED = "unfinished put of ";

  private final SimulatedStore store;
  private final LogTruth truth;
  private final ListedFooters footers;
  private final LeaderChanges leaderChanges = new LeaderChanges();
  private final Checks checks;
  private final Coverage coverage;
  private final Story story;
  private final Predicate<WriterId> lives;
  private final Map<Long, Long> hashes = new HashMap<>();
  private final Set<MetadataLog> watched = new HashSet<>();
  private final Set<String> deleted = new HashSet<>();
  private final Set<String> everListed = new HashSet<>();

  /** From the newest boundary on. */
  private final Deque<MetadataImage> images = new ArrayDeque<>();

  private MetadataImage newest = MetadataImage.EMPTY;

  /** The newest boundary when each view last listed merged objects, which precedes deletions. */
  private final Map<String, Long> boundaryAtList = new HashMap<>();

  private @Nullable String lastCollector;
  private long boundaryNumber;
  private long boundaryEntry;
  private String boundarySnapshot = "";

  /**
   * @param lives whether an incarnation has a process
   */
  ClusterWatch(
      SimulatedStore store,
      LogTruth truth,
      Checks checks,
      Coverage coverage,
      Story story,
      Predicate<WriterId> lives) {
    this.store = store;
    this.truth = truth;
    this.footers = new ListedFooters(store, truth);
    this.checks = checks;
    this.coverage = coverage;
    this.story = story;
    this.lives = lives;
  }

  /** The newest image that any broker ever held valid. */
  MetadataImage newest() {
    return newest;
  }

  /** Follows the metadata log of a process, once. */
  void follow(BrokerProcess process) {
    MetadataLog log = process.metadata();
    if (watched.add(log)) {
      checks.run(() -> onImage(log.image(), log.image()));
      log.addListener((before, after) -> checks.run(() -> onImage(before, after)));
    }
  }

  private void onImage(MetadataImage before, MetadataImage after) {
    Long other = hashes.putIfAbsent(after.entryNumber(), after.entryHash());
    if (other != null && other != after.entryHash()) {
      throw new Violation("the metadata forks at entry " + after.entryNumber());
    }
    if (after.entryNumber() > before.entryNumber() + 1) {
      coverage.count("snapshot jump", 1);
    }
    if (after.entryNumber() > newest.entryNumber()) {
      MetadataImage last = newest;
      newest = after;
      images.addLast(after);
      onNewest(last, after);
    }
  }

  private void onNewest(MetadataImage before, MetadataImage after) {
    if (!before.sameObjects(after)) {
      for (ObjectInfo object : after.objects().values()) {
        if (!before.objects().containsKey(object.key())) {
          requireStored(object.key(), object.sizeBytes(), after);
          onListed(object, after);
        }
      }
      footers.check(before, after);
    }
    if (!before.sameTopics(after)) {
      checkTopics(before, after);
    }
    after.incarnations().values().forEach(now -> onIncarnation(before, now));
    before.incarnations().values().stream()
        .filter(then -> !after.incarnations().containsKey(then.writer()))
        .forEach(then -> onForgotten(then, before, after));
    if (!after.ended().entrySet().containsAll(before.ended().entrySet())) {
      throw new Violation(
          "an ended incarnation changed: %s, then %s".formatted(before.ended(), after.ended()));
    }
  }

  /** Only of one that is done with, and its end stays known for ever. */
  private void onForgotten(Incarnation then, MetadataImage before, MetadataImage after) {
    boolean next = after.entryNumber() == before.entryNumber() + 1;
    boolean listed =
        after.objects().values().stream().anyMatch(o -> o.writer().equals(then.writer()));
    if ((next && then.state() != IncarnationState.RECOVERED)
        || listed
        || after.recoveredEnd(then.writer()).orElse(-2) != truth.entries(then.writer()) - 1) {
      throw new Violation(
          "%s is forgotten at entry %d with end %s; its log has %d entries%s"
              .formatted(
                  then,
                  after.entryNumber(),
                  after.recoveredEnd(then.writer()),
                  truth.entries(then.writer()),
                  listed ? ", an object is listed" : ""));
    }
    coverage.count("incarnation forgotten", 1);
  }

  private void onListed(ObjectInfo object, MetadataImage image) {
    if (object.level() > 0) {
      coverage.count("object merged", 1);
      Partition first = image.partition(object.first());
      if (first != null && !object.writer().equals(first.leader().orElse(null))) {
        coverage.count("merge of what another leads", 1);
      }
    }
  }

  private void onIncarnation(MetadataImage before, Incarnation now) {
    Incarnation then = before.incarnations().get(now.writer());
    if (then == null || then.equals(now)) {
      return;
    }
    if (now.trim() < then.trim()
        || now.uploadFloor() < then.uploadFloor()
        || now.lastCommand() < then.lastCommand()
        || now.state().compareTo(then.state()) < 0) {
      throw new Violation("I14: %s went back to %s".formatted(then, now));
    }
    if (then.state() != IncarnationState.REGISTERED && now.lastCommand() != then.lastCommand()) {
      throw new Violation("a command of %s was applied after its fence".formatted(then));
    }
    if (then.state() == IncarnationState.FENCED && now.trim() != then.trim()) {
      throw new Violation("the frozen trim of %s moved to %d".formatted(then, now.trim()));
    }
    if (now.state() != then.state()) {
      story.tell("node %d is %s: %s".formatted(now.nodeId(), now.state(), now.writer()));
      coverage.count("incarnation " + now.state(), 1);
      if (now.state() == IncarnationState.FENCED && lives.test(now.writer())) {
        coverage.count("fence of a live broker", 1);
      }
      if (now.state() == IncarnationState.RECOVERED
          && now.endSequence() + 1 != truth.entries(now.writer())) {
        throw new Violation(
            "I1: the log of %s was recovered to %d, it has %d entries"
                .formatted(now.writer(), now.endSequence(), truth.entries(now.writer())));
      }
    }
  }

  private void checkTopics(MetadataImage before, MetadataImage after) {
    for (Topic topic : after.topics().values()) {
      Topic then = before.topic(topic.id());
      for (int p = 0; then != null && p < then.partitions().size(); p++) {
        Partition was = then.partitions().get(p);
        Partition is = topic.partitions().get(p);
        if (!is.equals(was)) {
          checkPartition(new PartitionId(topic.id(), p), was, is, before, after);
        }
      }
    }
  }

  private void checkPartition(
      PartitionId id, Partition was, Partition is, MetadataImage before, MetadataImage after) {
    if (is.logStart() < was.logStart() || is.leaderEpoch() < was.leaderEpoch()) {
      throw new Violation("I9/I14: %s went from %s to %s".formatted(id, was, is));
    }
    is.checkpoint()
        .filter(checkpoint -> !is.checkpoint().equals(was.checkpoint()))
        .ifPresent(checkpoint -> requireStored(checkpoint.key(), checkpoint.sizeBytes(), after));
    if (is.leader().equals(was.leader())) {
      return;
    }
    if (is.leader().isEmpty()) {
      requireFenced(id, is, after);
      coverage.count("partition without leader", 1);
      return;
    }
    WriterId left = was.leader().or(was::lastLeader).orElseThrow();
    Incarnation now = after.incarnations().get(left);
    Optional<LeaderChanges.Kind> known = leaderChanges.kind(id, was, is, before, after);
    boolean byRecovery =
        known.map(LeaderChanges.Kind.RECOVERY::equals).orElse(was.leader().isEmpty());
    coverage.count(byRecovery ? "takeover" : "handover", 1);
    if (is.targetLeader().isEmpty() && was.targetLeader().isPresent()) {
      coverage.count("target leader obeyed", 1);
    }
    long published = footers.publishedEnd(after, id);
    if (published < truth.end(id) && is.logStart() < truth.end(id)) {
      throw new Violation(
          "I1/I14: %s got a new leader at entry %d by %s of %s with %d published, its log ends at %d (%s)"
              .formatted(
                  id,
                  after.entryNumber(),
                  byRecovery ? "recovery" : "handover",
                  now,
                  published,
                  truth.end(id),
                  truth.last(id)));
    }
  }

  /** Of a partition that has no leader any more. */
  private static void requireFenced(PartitionId id, Partition is, MetadataImage after) {
    WriterId left = is.lastLeader().orElseThrow();
    if (after.isRegistered(left)) {
      throw new Violation("I14: %s has no leader, and %s is not fenced".formatted(id, left));
    }
  }

  private void requireStored(String key, long sizeBytes, MetadataImage image) {
    everListed.add(key);
    long found = store.bytes(key);
    if (found != sizeBytes) {
      throw new Violation(
          "I8: the image at entry %d names %s of %d bytes; there are %d"
              .formatted(image.entryNumber(), key, sizeBytes, found));
    }
  }

  @Override
  public void onStored(String by, String key, byte[] body) {
    checks.run(() -> {
      truth.onStored(by, key, body);
      if (deleted.contains(key)) {
        coverage.count("late put of a deleted object", 1);
        if (key.startsWith(Keys.WAL) && everListed.contains(key)) {
          coverage.count("late seal at a collected entry", 1);
        }
      }
      if (key.startsWith(Keys.META_LOG)) {
        leaderChanges.onStored(key, body);
      }
      if (key.startsWith(Keys.META_LOG) && Keys.number(key) <= boundaryEntry) {
        coverage.count("collected entry number created again", 1);
      } else if (key.startsWith(Keys.META_BOUNDARY)) {
        onBoundary(key, ByteBuffer.wrap(body));
      } else if (key.startsWith(Keys.CHECKPOINT)) {
        coverage.count("checkpoint", 1);
      }
    });
  }

  /** Bytes: docs/formats/metadata.md. */
  private void onBoundary(String key, ByteBuffer body) {
    long number = body.getLong(4 + 2);
    long entry = body.getLong(4 + 2 + 8);
    byte[] snapshot = new byte[body.getInt(4 + 2 + 8 + 8 + 8)];
    body.get(4 + 2 + 8 + 8 + 8 + 4, snapshot);
    if (number != boundaryNumber + 1 || entry <= boundaryEntry) {
      throw new Violation(
          "%s names entry %d, the one before entry %d".formatted(key, entry, boundaryEntry));
    }
    boundaryNumber = number;
    boundaryEntry = entry;
    boundarySnapshot = new String(snapshot, StandardCharsets.UTF_8);
    if (store.bytes(boundarySnapshot) < 0) {
      throw new Violation("I8: %s names %s, which is not there".formatted(key, boundarySnapshot));
    }
    while (images.size() > 1 && images.getFirst().entryNumber() < entry) {
      images.removeFirst();
    }
    coverage.count("boundary", 1);
  }

  @Override
  public void onExists(String by, String key, byte[] body) {
    checks.run(() -> {
      truth.onExists(by, key, body);
      if (key.startsWith(Keys.META_BOUNDARY)) {
        coverage.count("boundary of another was first", 1);
      } else if (key.startsWith(Keys.META_LOG)) {
        coverage.count("entry of another was first", 1);
      }
    });
  }

  @Override
  public void onHedged(String by, String key) {
    coverage.count("hedged put", 1);
  }

  @Override
  public void onListed(String by, String prefix) {
    if (prefix.equals(Keys.DATA)) {
      boundaryAtList.put(by, boundaryNumber);
      lastCollector = by;
    }
  }

  /** Who listed merged objects last, from now on; null until somebody does. */
  @Nullable String lastCollector() {
    return lastCollector;
  }

  void forgetCollector() {
    lastCollector = null;
  }

  @Override
  public void onDeleted(String by, String key) {
    checks.run(() -> {
      deleted.add(key);
      if (key.startsWith(Keys.DATA)
          && boundaryAtList.getOrDefault(by, boundaryNumber) < boundaryNumber) {
        coverage.count("merged object deleted by an old boundary", 1);
      }
      checkDeleted(key);
    });
  }

  private void checkDeleted(String key) {
    boolean wrong;
    if (key.startsWith(Keys.META_BOUNDARY) || key.startsWith(Keys.FENCE)) {
      wrong = true;
    } else if (key.startsWith(Keys.META_LOG)) {
      wrong = Keys.number(key) > boundaryEntry;
    } else if (key.startsWith(Keys.META_SNAPSHOT)) {
      wrong = key.equals(boundarySnapshot);
    } else {
      wrong = images.stream().anyMatch(image -> lists(image, key));
      if (key.startsWith(Keys.WAL)) {
        wrong |= !walDeletable(key);
      }
      coverage.count(everListed.contains(key) ? "object deleted" : "orphan swept", 1);
    }
    if (wrong) {
      throw new Violation(
          "I8: %s is deleted at entry %d, boundary entry %d"
              .formatted(key, newest.entryNumber(), boundaryEntry));
    }
  }

  /** At or below the trim, or recovered, and not the seal that ends the log. */
  private boolean walDeletable(String key) {
    @Nullable Incarnation writer = newest.incarnations().get(Keys.writer(key));
    OptionalLong end = newest.recoveredEnd(Keys.writer(key));
    long sequence = Keys.number(key);
    return (writer != null && sequence <= writer.trim())
        || (end.isPresent() && sequence != end.getAsLong() + 1);
  }

  private static boolean lists(MetadataImage image, String key) {
    if (!key.startsWith(Keys.CHECKPOINT)) {
      return image.objects().containsKey(key);
    }
    return image.topics().values().stream()
        .flatMap(topic -> topic.partitions().stream())
        .anyMatch(p -> p.checkpoint().filter(c -> c.key().equals(key)).isPresent());
  }

  /** What is in the store although nothing will ever name it: E9. */
  Set<String> orphans() {
    Set<String> orphans = new TreeSet<>();
    for (String prefix : new String[] {Keys.DATA, Keys.CHECKPOINT, Keys.WAL}) {
      for (String key : store.keys(prefix)) {
        OptionalLong end = newest.recoveredEnd(Keys.writer(key));
        boolean lastSeal =
            key.startsWith(Keys.WAL) && end.isPresent() && Keys.number(key) == end.getAsLong() + 1;
        if (end.isPresent() && !lastSeal && !lists(newest, key)) {
          orphans.add(key);
        }
      }
    }
    for (String key : store.unfinishedPuts()) {
      if (newest.recoveredEnd(Keys.writer(key)).isPresent()) {
        orphans.add(UNFINISHED + key);
      }
    }
    return orphans;
  }

  /**
   * What may be deleted by now, of brokers that live too: it must be gone before long, however much
   * comes after it (E9).
   */
  Set<String> garbage() {
    Set<String> garbage = orphans();
    for (String prefix : new String[] {Keys.DATA, Keys.CHECKPOINT, Keys.WAL, Keys.META_SNAPSHOT}) {
      for (String key : store.keys(prefix)) {
        Incarnation writer = newest.incarnations().get(Keys.writer(key));
        boolean named = lists(newest, key) || key.equals(boundarySnapshot);
        if (writer != null
            && writer.state() == IncarnationState.REGISTERED
            && !named
            && Keys.number(key) < floor(writer, key)) {
          garbage.add(key);
        }
      }
    }
    for (String key : store.keys(Keys.META_LOG)) {
      if (Keys.number(key) <= boundaryEntry) {
        garbage.add(key);
      }
    }
    for (String key : store.keys(Keys.PROBE)) {
      if (newest.knows(Keys.writer(key))) {
        garbage.add(key);
      }
    }
    for (String key : store.unfinishedPuts()) {
      Incarnation writer = newest.incarnations().get(Keys.writer(key));
      boolean probe = key.startsWith(Keys.PROBE);
      if (probe
          ? newest.knows(Keys.writer(key))
          : writer != null && Keys.number(key) < floor(writer, key)) {
        garbage.add(UNFINISHED + key);
      }
    }
    return garbage;
  }

  private static long floor(Incarnation writer, String key) {
    return key.startsWith(Keys.WAL) ? writer.trim() + 1 : writer.uploadFloor();
  }
}
