package io.millrace.storage.log;

import io.millrace.objectstore.ObservedStore;
import io.millrace.objectstore.StoreProbe;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.RandomUuid;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.cluster.ClusterNode;
import io.millrace.storage.cluster.Heard;
import io.millrace.storage.cluster.NodeIds;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerReply.Declined;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.cluster.PeerScribe;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.Scribe;
import io.millrace.storage.object.WalGarbage;
import io.millrace.storage.recovery.ObjectLogRecovery;
import io.millrace.storage.recovery.ObjectSeal;
import io.millrace.storage.recovery.Takeover;
import io.millrace.storage.wal.ObjectWal;
import io.millrace.storage.wal.WalPublisher;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One of many brokers on a shared store: nothing is kept locally, others fence and recover it, and
 * it them, in the background. Answers its peers from its registration on.
 */
final class SharedHome implements Home {
  private final Environment environment;
  private final ObservedStore store;
  private final SharedSettings settings;
  private final PeerLink link;
  private final NodeIds.Claim claim;
  private final EventLoop loop;
  private volatile @Nullable ClusterNode node;

  SharedHome(
      Environment environment,
      ObservedStore store,
      SharedSettings settings,
      PeerLink link,
      NodeIds.Claim claim) {
    this.environment = environment;
    this.store = store;
    this.settings = settings;
    this.link = link;
    this.claim = claim;
    this.loop = environment.threads().eventLoop("cluster");
  }

  @Override
  public CompletableFuture<Void> enter() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public int probeRacers() {
    return StoreProbe.RACERS_SHARED;
  }

  @Override
  public Scribe scribe(WriterId writer) {
    return new PeerScribe(writer, environment.clock(), link, settings.cluster());
  }

  @Override
  public CompletableFuture<Void> join(MetadataLog metadata) {
    EventLoop takeovers = environment.threads().eventLoop("takeover");
    Takeover takeover =
        new Takeover(
            metadata,
            new ObjectSeal(store, takeovers, environment.randomness()),
            new ObjectLogRecovery(store, takeovers, environment.randomness()));
    // before it registers: who sees the registration may ask at once whether this broker is alive
    node =
        new ClusterNode(
            metadata, environment.clock(), loop, link, settings.cluster(), store, takeover::run);
    return new NodeIds(metadata, link, settings.cluster())
        .claim(claim, RandomUuid.next(environment.randomness()))
        .thenAccept(_ -> {});
  }

  @Override
  public CompletableFuture<OpenLog> open(MetadataLog metadata, LogCache cache) {
    ObjectWal wal =
        new ObjectWal(
            settings.wal(),
            metadata.writer(),
            environment,
            store,
            cache,
            new WalPublisher(metadata));
    return CompletableFuture.completedFuture(
        new OpenLog(wal, wal::read, wal.counters()::recentSyncNs, new WalGarbage.Entries()));
  }

  @Override
  public CompletableFuture<Map<WriterId, Heard>> heard() {
    ClusterNode present = node;
    return present == null ? CompletableFuture.completedFuture(Map.of()) : present.heard();
  }

  @Override
  public void serving(MetadataLog metadata) {
    ClusterNode registered = node;
    if (registered != null) {
      registered.start();
    }
  }

  @Override
  public PeerService peers() {
    return this::answer;
  }

  private CompletableFuture<PeerReply> answer(PeerRequest request) {
    ClusterNode present = node;
    return present == null
        ? CompletableFuture.completedFuture(new Declined("no incarnation has joined here"))
        : present.answer(request);
  }

  @Override
  public CompletableFuture<Void> giveUp(Handovers handovers) {
    return handovers.giveUpAll();
  }

  /** Others need not wait for its silence. */
  @Override
  public CompletableFuture<Void> resign(MetadataLog metadata) {
    return metadata
        .submit(new IncarnationFenced(metadata.writer()))
        .handle((_, _) -> null); // the log ends as it stands in it
  }

  @Override
  public void leave() {
    ClusterNode present = node;
    if (present != null) {
      present.close();
    }
    loop.close();
  }

  @Override
  public RuntimeException unusable(String problem) {
    return new UnusableStoreException(
        "The store %s cannot be used: %s.".formatted(settings.location(), problem), null);
  }

  @Override
  public RuntimeException newer(Throwable cause) {
    return new UnusableStoreException(
        "The store %s was written by a newer version of Millrace (%s). Start that version, or name another store (--store)."
            .formatted(settings.location(), cause.getMessage()),
        cause);
  }
}
