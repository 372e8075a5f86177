package io.millrace.storage.metadata;

import io.millrace.runtime.Clock;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Lets brokers that append by themselves take turns: who has put an entry lets those go first who
 * put others lately, until each has had a turn since, nobody puts anything, or the own entry is
 * long ago. Without it the last winner is the first to know the next number, and wins on; so a
 * newcomer, who cannot hand its registration over, is let before if it asks. A convention for speed
 * only. Owned by the metadata loop.
 */
final class Turns {
  private static final long LATELY_NS = TimeUnit.MILLISECONDS.toNanos(1500);
  private static final int ENTRIES_MAX = 64;

  /** Somewhat longer than it takes to learn of an entry and put the next. */
  private static final long QUIET_NS = TimeUnit.MILLISECONDS.toNanos(150);

  private static final long TURN_NS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long PAUSE_MIN_NS = TimeUnit.MILLISECONDS.toNanos(20);

  /** It reads what was put before it puts. */
  private static final long NEWCOMER_NS = TimeUnit.MILLISECONDS.toNanos(200);

  private final WriterId own;
  private final Clock clock;
  private final Scribe scribe;
  private final ArrayDeque<Seen> lately = new ArrayDeque<>();
  private boolean newcomer;
  private boolean newcomerHadTurn;

  Turns(WriterId own, Clock clock, Scribe scribe) {
    this.own = own;
    this.clock = clock;
    this.scribe = scribe;
  }

  private record Seen(WriterId writer, boolean registration, long atNs) {}

  void onEntry(Entry entry) {
    WriterId writer = entry.writer();
    if (entry.commands().stream().anyMatch(command -> !command.issuer().equals(writer))) {
      scribe.onServed(writer, entry.number());
    }
    boolean registration =
        entry.commands().stream()
            .anyMatch(command -> command.record() instanceof IncarnationRegistered);
    lately.add(new Seen(writer, registration, clock.monotonicNs()));
    if (lately.size() > ENTRIES_MAX) {
      lately.removeFirst();
    }
  }

  /** Somebody who is not registered wants a turn. */
  void onNewcomer() {
    newcomer = true;
  }

  /** An entry of our own is about to be put. */
  void onPut() {
    newcomerHadTurn = false;
  }

  /** How long to step aside for a newcomer: once between two entries, however many want it. */
  long newcomersPauseNs() {
    if (!newcomer || newcomerHadTurn) {
      return 0;
    }
    newcomer = false;
    newcomerHadTurn = true;
    return NEWCOMER_NS;
  }

  /** What was seen so far was put before anybody could contend with this broker. */
  void forget() {
    lately.clear();
  }

  /**
   * How long to step aside before looking again; 0 if it is this broker's turn. Nobody waits for
   * writers that {@code image} shows ended.
   */
  long pauseNs(MetadataImage image) {
    long now = clock.monotonicNs();
    while (!lately.isEmpty() && now - lately.getFirst().atNs() > LATELY_NS) {
      lately.removeFirst();
    }
    Set<WriterId> others = new HashSet<>();
    Set<WriterId> othersSinceOwn = new HashSet<>();
    boolean ownSeen = false;
    boolean contended = false; // those who only registered need not put anything more
    for (Seen seen : lately) {
      if (seen.writer().equals(own)) {
        ownSeen = true;
        othersSinceOwn.clear();
      } else if (image.isRegistered(seen.writer())) {
        others.add(seen.writer());
        othersSinceOwn.add(seen.writer());
        contended |= !seen.registration();
      }
    }
    int before = others.size() - othersSinceOwn.size();
    return !ownSeen || !contended || before == 0 || now - lately.getLast().atNs() > QUIET_NS
        ? 0
        : Math.max(PAUSE_MIN_NS, (before - 1) * TURN_NS);
  }
}
