package io.millrace.storage.cluster;

import io.millrace.objectstore.ObservedStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.PeerReply.Opinion;
import io.millrace.storage.cluster.PeerRequest.Heartbeat;
import io.millrace.storage.cluster.PeerRequest.Suspect;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when fencing another incarnation is tried; no safety rests on it. Owned by the cluster
 * loop. The rules and their reasons: docs/protocols/membership.md.
 */
final class Liveness {
  private static final Logger LOG = LoggerFactory.getLogger(Liveness.class);

  /** Registered brokers from which on a second one must agree. */
  private static final int BROKERS_FOR_OPINIONS = 3;

  /** Asked at a time about one suspect. */
  private static final int VOTERS_MAX = 3;

  /** Session timeouts after which one that suspects all others trusts its own view. */
  private static final int LONELY_SESSIONS = 3;

  private final MetadataLog metadata;
  private final Clock clock;
  private final EventLoop loop;
  private final PeerLink link;
  private final ObservedStore store;
  private final ClusterSettings settings;
  private final Heartbeats heartbeats;
  private final Map<WriterId, Peer> peers = new TreeMap<>();
  private long lastTickNs;
  private long seenEntryNumber;
  private long seenOwnCommand;
  private int round;
  private boolean closed;

  Liveness(
      MetadataLog metadata,
      Clock clock,
      EventLoop loop,
      PeerLink link,
      ObservedStore store,
      ClusterSettings settings) {
    this.metadata = metadata;
    this.clock = clock;
    this.loop = loop;
    this.link = link;
    this.store = store;
    this.settings = settings;
    this.heartbeats =
        new Heartbeats(metadata, clock, loop, link, store, settings.heartbeatIntervalNs());
  }

  void start() {
    lastTickNs = clock.monotonicNs();
    tick();
  }

  void close() {
    closed = true;
  }

  long storeAgeMs() {
    forgiveAfterGap(clock.monotonicNs());
    return heartbeats.storeAgeMs();
  }

  /** After each entry, or several: new brokers are watched, and others told what was committed. */
  void onImage(MetadataImage image) {
    watch(image);
    Incarnation own = image.incarnations().get(metadata.writer());
    long ownCommand = own == null ? -1 : own.lastCommand();
    boolean news =
        ownCommand > seenOwnCommand || (image.entryNumber() > seenEntryNumber && isScribe(image));
    seenOwnCommand = ownCommand;
    seenEntryNumber = image.entryNumber();
    if (news) {
      peers.values().forEach(this::tell);
    }
  }

  /** Of the other registered brokers. */
  Map<WriterId, Heard> heard() {
    long nowNs = clock.monotonicNs();
    Map<WriterId, Heard> heard = new TreeMap<>();
    peers.forEach((writer, peer) -> heard.put(writer, peer.heard(nowNs)));
    return heard;
  }

  /** Another broker tells how it fares. */
  void onHeartbeat(Heartbeat heartbeat) {
    Peer peer = peers.get(heartbeat.from());
    if (peer != null) {
      peer.onHeard(clock.monotonicNs(), heartbeat.entryNumber(), heartbeat.storeAgeMs());
    }
    metadata.onNudge(heartbeat.entryNumber());
  }

  /** Whether this broker suspects the incarnation too; it asks the suspect before it says no. */
  CompletableFuture<Boolean> opinion(WriterId about) {
    Peer peer = peers.get(about);
    if (peer == null) {
      return CompletableFuture.completedFuture(false);
    }
    if (suspicion(peer) != null) {
      return CompletableFuture.completedFuture(true);
    }
    return ask(peer).thenApply(_ -> suspicion(peer) != null);
  }

  private void tick() {
    if (closed) {
      return;
    }
    long nowNs = clock.monotonicNs();
    forgiveAfterGap(nowNs);
    lastTickNs = nowNs;
    round++;
    var _ = loop.schedule(settings.heartbeatIntervalNs(), this::tick);
    heartbeats.poll();
    watch(metadata.image());
    for (Peer peer : List.copyOf(peers.values())) {
      var _ = ask(peer).thenRun(() -> judge(peer));
      judge(peer);
    }
  }

  /** A heartbeat, and a second one soon if the first is refused. */
  private CompletableFuture<Void> ask(Peer peer) {
    return heartbeats
        .send(peer)
        .thenCompose(_ -> {
          if (!peer.refusedOnce()) {
            return CompletableFuture.completedFuture(null);
          }
          CompletableFuture<Void> again = new CompletableFuture<>();
          var _ =
              loop.schedule(
                  settings.heartbeatIntervalNs() / 10,
                  () -> heartbeats.send(peer).thenRun(() -> again.complete(null)));
          return again;
        });
  }

  /** At once, unless it knows already; what is in flight tells too little, so once more then. */
  private void tell(Peer peer) {
    long entryNumber = metadata.image().entryNumber();
    if (closed || peer.entryNumber() >= entryNumber) {
      return;
    }
    CompletableFuture<Void> inFlight = peer.heartbeat;
    if (inFlight == null) {
      heartbeats.send(peer);
    } else if (peer.toldEntryNumber < entryNumber && !peer.newsWaits) {
      peer.newsWaits = true;
      var _ =
          inFlight.thenRun(() -> {
            peer.newsWaits = false;
            tell(peer);
          });
    }
  }

  /**
   * This process did not run for a while: the silence was its own. Everybody starts anew, so that
   * one that was stopped and continues fences nobody.
   */
  private void forgiveAfterGap(long nowNs) {
    if (nowNs - lastTickNs > 2 * settings.heartbeatIntervalNs()) {
      peers.values().forEach(peer -> peer.forgive(nowNs));
      heartbeats.onContinued(nowNs);
      lastTickNs = nowNs;
    }
  }

  private void watch(MetadataImage image) {
    Map<WriterId, Peer> before = new HashMap<>(peers);
    peers.clear();
    for (WriterId writer : image.brokers().values()) {
      if (!writer.equals(metadata.writer())) {
        Peer known = before.get(writer);
        Incarnation incarnation = Objects.requireNonNull(image.incarnations().get(writer));
        peers.put(
            writer,
            known != null
                ? known
                : new Peer(incarnation, settings.address(incarnation), clock.monotonicNs()));
      }
    }
  }

  private @Nullable String suspicion(Peer peer) {
    long nowNs = clock.monotonicNs();
    forgiveAfterGap(nowNs);
    return peer.suspicion(nowNs, settings.sessionTimeoutNs(), store.answeringForNs());
  }

  private void judge(Peer peer) {
    String reason = suspicion(peer);
    long suspectedForNs = peer.suspectedForNs(clock.monotonicNs());
    if (reason == null
        || peer.underTrial
        || !mayFence(peer)
        || suspectedForNs < rank() * settings.heartbeatIntervalNs() / 2) {
      return;
    }
    if (peers.size() + 1 < BROKERS_FOR_OPINIONS) {
      fence(peer, reason);
      return;
    }
    List<Peer> voters =
        peers.values().stream().filter(p -> p != peer && suspicion(p) == null).toList();
    if (!voters.isEmpty()) {
      askOthers(peer, voters);
    } else if (suspectedForNs >= LONELY_SESSIONS * settings.sessionTimeoutNs()) {
      // If the others lived and only this broker was cut off, they would have fenced it by now.
      fence(peer, reason);
    }
  }

  private boolean mayFence(Peer peer) {
    MetadataImage image = metadata.image();
    return !closed
        && image.isRegistered(metadata.writer())
        && image.isRegistered(peer.incarnation.writer())
        && store.storeAgeNs() < 2 * settings.heartbeatIntervalNs();
  }

  /** Those with lower ids act first, so that not all commit the same. */
  private long rank() {
    Incarnation own = metadata.image().incarnations().get(metadata.writer());
    int ownId = own == null ? Integer.MAX_VALUE : own.nodeId();
    return peers.values().stream()
        .filter(p -> p.incarnation.nodeId() < ownId && suspicion(p) == null)
        .count();
  }

  /** A few at a time, other ones in each round; one that agrees is enough. */
  private void askOthers(Peer suspect, List<Peer> voters) {
    suspect.underTrial = true;
    Suspect question = new Suspect(metadata.writer(), suspect.incarnation.writer());
    int asked = Math.min(VOTERS_MAX, voters.size());
    CompletableFuture<?>[] answers = new CompletableFuture<?>[asked];
    boolean[] agreed = new boolean[1];
    for (int i = 0; i < asked; i++) {
      Peer voter = voters.get((round + i) % voters.size());
      answers[i] =
          voter.address == null
              ? CompletableFuture.completedFuture(null)
              : link.call(voter.address, question, settings.sessionTimeoutNs())
                  .thenAcceptAsync(
                      outcome -> {
                        String reason = suspicion(suspect);
                        if (isAgreement(outcome)
                            && !agreed[0]
                            && reason != null
                            && mayFence(suspect)) {
                          agreed[0] = true;
                          fence(suspect, reason);
                        }
                      },
                      loop);
    }
    var _ =
        CompletableFuture.allOf(answers)
            .whenCompleteAsync(
                (_, _) -> suspect.underTrial = agreed[0] && suspect.underTrial, loop);
  }

  private static boolean isAgreement(PeerOutcome outcome) {
    return outcome instanceof PeerOutcome.Answered(Opinion(boolean suspected)) && suspected;
  }

  private void fence(Peer peer, String reason) {
    LOG.warn(
        "Fencing broker {} (incarnation {}): {}.",
        peer.incarnation.nodeId(),
        peer.incarnation.writer(),
        reason);
    peer.underTrial = true;
    var _ =
        metadata
            .submit(new IncarnationFenced(peer.incarnation.writer()))
            .whenCompleteAsync((_, _) -> peer.underTrial = false, loop);
  }

  private boolean isScribe(MetadataImage image) {
    Incarnation scribe = PeerScribe.of(image);
    return scribe != null && scribe.writer().equals(metadata.writer());
  }
}
