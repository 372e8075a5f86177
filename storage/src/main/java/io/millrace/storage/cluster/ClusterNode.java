package io.millrace.storage.cluster;

import io.millrace.objectstore.ObservedStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.PeerReply.Alive;
import io.millrace.storage.cluster.PeerReply.Committed;
import io.millrace.storage.cluster.PeerReply.Declined;
import io.millrace.storage.cluster.PeerReply.Opinion;
import io.millrace.storage.cluster.PeerRequest.Commit;
import io.millrace.storage.cluster.PeerRequest.Heartbeat;
import io.millrace.storage.cluster.PeerRequest.Suspect;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One incarnation among the brokers of its cluster: answers the others from its registration on;
 * once started watches them, takes over from those that ended and, as the scribe, balances leaders.
 * Its parts run on one loop, which the owner closes after it. No safety rests on it.
 */
public final class ClusterNode implements PeerService, AutoCloseable {
  private static final String ENDED = "this incarnation has ended";
  private static final String UNREGISTERED = "no incarnation is registered here yet";

  private final MetadataLog metadata;
  private final EventLoop loop;
  private final Liveness liveness;
  private final TakeoverWatch takeovers;
  private final BalanceRunner balance;
  private final AtomicBoolean imageWaits = new AtomicBoolean();
  private volatile boolean closed;

  /**
   * @param metadata of an incarnation that is registered before {@link #start}
   * @param store the one the metadata log uses, so that its polls keep the age of the store low
   * @param takeover recovers one fenced incarnation
   */
  public ClusterNode(
      MetadataLog metadata,
      Clock clock,
      EventLoop loop,
      PeerLink link,
      ClusterSettings settings,
      ObservedStore store,
      Function<WriterId, CompletableFuture<Void>> takeover) {
    this.metadata = metadata;
    this.loop = loop;
    this.liveness = new Liveness(metadata, clock, loop, link, store, settings);
    this.takeovers = new TakeoverWatch(metadata.writer(), clock, loop, takeover);
    this.balance = new BalanceRunner(metadata, loop, settings);
  }

  public void start() {
    metadata.addListener((_, _) -> onImage());
    loop.execute(liveness::start);
    onImage();
  }

  @Override
  public CompletableFuture<PeerReply> answer(PeerRequest request) {
    return metadata.image().knows(metadata.writer())
        ? answerRegistered(request)
        : answerNewcomer(request);
  }

  /** Whoever has seen the registration, before this broker has, must hear that it is alive. */
  private CompletableFuture<PeerReply> answerNewcomer(PeerRequest request) {
    boolean mayHaveSeen =
        request instanceof Heartbeat heartbeat
            && heartbeat.entryNumber() > metadata.image().entryNumber();
    if (closed || !mayHaveSeen) {
      return declined(UNREGISTERED);
    }
    return metadata
        .refresh()
        .thenCompose(image ->
            image.knows(metadata.writer()) ? answerRegistered(request) : declined(UNREGISTERED))
        .exceptionallyCompose(_ -> declined(ENDED));
  }

  private CompletableFuture<PeerReply> answerRegistered(PeerRequest request) {
    MetadataImage image = metadata.image();
    Incarnation own = image.incarnations().get(metadata.writer());
    if (closed || own == null || !image.isRegistered(own.writer()) || metadata.ended().isDone()) {
      return declined(ENDED);
    }
    return switch (request) {
      case Heartbeat heartbeat ->
          onLoop(() -> {
            if (heartbeat.from().equals(NodeIds.NOBODY)) {
              metadata.leaveTurn(); // it is about to register
            }
            liveness.onHeartbeat(heartbeat);
            return CompletableFuture.completedFuture(
                new Alive(
                    own.writer(),
                    own.nodeId(),
                    metadata.image().entryNumber(),
                    liveness.storeAgeMs()));
          });
      case Commit commit -> commit(commit);
      case Suspect suspect ->
          onLoop(() -> liveness.opinion(suspect.about()).thenApply(Opinion::new));
    };
  }

  /** What was last heard of the other registered brokers; completes on the cluster loop. */
  public CompletableFuture<Map<WriterId, Heard>> heard() {
    CompletableFuture<Map<WriterId, Heard>> heard = new CompletableFuture<>();
    loop.execute(() -> heard.complete(liveness.heard()));
    return heard;
  }

  /** Ends at once; the incarnation itself stays registered. */
  @Override
  public void close() {
    closed = true;
    loop.execute(() -> {
      liveness.close();
      takeovers.close();
      balance.close();
    });
  }

  /** Many entries in a row are looked at once. */
  private void onImage() {
    if (!closed && imageWaits.compareAndSet(false, true)) {
      loop.execute(() -> {
        imageWaits.set(false);
        if (!closed) {
          MetadataImage image = metadata.image();
          liveness.onImage(image);
          takeovers.onImage(image);
          balance.onImage(image);
        }
      });
    }
  }

  /** Anybody may commit for anybody; that one does by convention is the asker's matter. */
  private CompletableFuture<PeerReply> commit(Commit commit) {
    if (commit.commands().stream().anyMatch(c -> !c.issuer().equals(commit.from()))) {
      return declined("commands of others than the sender");
    }
    CompletableFuture<PeerReply> reply = new CompletableFuture<>();
    metadata
        .commitFor(commit.entryNumber(), commit.commands())
        .whenComplete((committed, failure) -> {
          if (committed != null) {
            reply.complete(committed(committed.voidReasons(), committed.entries()));
          } else if (failure instanceof RejectedExecutionException) {
            reply.complete(new Declined("too many commands wait"));
          } // else nobody knows what became of them, so silence is the answer
        });
    return reply;
  }

  /** As many of the entries as one answer may hold; the asker reads the rest. */
  private static Committed committed(List<Optional<String>> voidReasons, List<byte[]> entries) {
    int count = 0;
    long bytes = 0;
    while (count < Math.min(entries.size(), PeerCodec.ENTRIES_MAX)
        && (bytes += entries.get(count).length) <= PeerCodec.ENTRY_BYTES_MAX) {
      count++;
    }
    return new Committed(
        voidReasons.stream().map(reason -> reason.map(ClusterNode::shortened)).toList(),
        entries.subList(0, count));
  }

  private static String shortened(String reason) {
    return reason.substring(0, Math.min(reason.length(), PeerCodec.REASON_LENGTH_MAX));
  }

  private CompletableFuture<PeerReply> onLoop(
      Supplier<CompletableFuture<? extends PeerReply>> work) {
    CompletableFuture<PeerReply> reply = new CompletableFuture<>();
    try {
      loop.execute(() -> work.get().thenAccept(reply::complete));
    } catch (RejectedExecutionException closing) {
      return declined(ENDED);
    }
    return reply;
  }

  private static CompletableFuture<PeerReply> declined(String reason) {
    return CompletableFuture.completedFuture(new Declined(reason));
  }
}
