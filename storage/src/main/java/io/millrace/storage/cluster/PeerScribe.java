package io.millrace.storage.cluster;

import io.millrace.runtime.Clock;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.Scribe;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The lowest live broker of the image, reached over the network, or the next one while that does
 * not serve: one that did not is left alone for a while, or until it is seen to serve others. Any
 * thread may call.
 */
public final class PeerScribe implements Scribe {
  /** How long an incarnation that did not serve is left alone. */
  static final long HOLD_NS = TimeUnit.SECONDS.toNanos(5);

  private final WriterId own;
  private final Clock clock;
  private final PeerLink link;
  private final ClusterSettings settings;
  private final Map<WriterId, Held> held = new ConcurrentHashMap<>();

  /**
   * One that is left alone.
   *
   * @param entryNumber of the image that was handed over with what it did not serve
   * @param firm whether it did not serve again though it was seen to serve others: the way there
   *     may be bad
   * @param lifted whether it was seen to serve since
   */
  private record Held(long untilNs, long entryNumber, boolean firm, boolean lifted) {
    Held onServed(long servedNumber) {
      return new Held(untilNs, entryNumber, firm, lifted || (!firm && servedNumber > entryNumber));
    }
  }

  /**
   * @param own the incarnation whose commands are handed over
   */
  public PeerScribe(WriterId own, Clock clock, PeerLink link, ClusterSettings settings) {
    this.own = own;
    this.clock = clock;
    this.link = link;
    this.settings = settings;
  }

  @Override
  public CompletableFuture<Answer> commit(MetadataImage image, List<Command> commands) {
    Incarnation scribe = serving(image);
    Endpoint address = scribe == null ? null : settings.address(scribe);
    if (scribe == null
        || address == null
        || scribe.writer().equals(own)
        || !PeerCodec.fits(commands)) {
      return CompletableFuture.completedFuture(new Answer.NotHandedOver());
    }
    PeerRequest request = new PeerRequest.Commit(own, image.entryNumber(), commands);
    return link.call(address, request, settings.scribeTimeoutNs())
        .thenApply(
            outcome -> answer(scribe.writer(), image.entryNumber(), commands.size(), outcome));
  }

  @Override
  public void askForTurn(MetadataImage image) {
    Incarnation scribe = of(image);
    Endpoint address = scribe == null ? null : settings.address(scribe);
    if (address != null) {
      var _ =
          link.call(
              address,
              new PeerRequest.Heartbeat(NodeIds.NOBODY, image.entryNumber(), 0),
              settings.heartbeatIntervalNs());
    }
  }

  @Override
  public void onServed(WriterId by, long entryNumber) {
    held.computeIfPresent(by, (_, since) -> since.onServed(entryNumber));
  }

  /** The broker that commits for others by convention; null in an image without live brokers. */
  static @Nullable Incarnation of(MetadataImage image) {
    return image.brokers().isEmpty() ? null : image.broker(image.brokers().firstKey());
  }

  /** The first of those that may be asked that is not left alone; null if all are. */
  private @Nullable Incarnation serving(MetadataImage image) {
    return image.brokers().values().stream()
        .limit(ASKED_MAX)
        .filter(writer -> !isHeld(writer))
        .findFirst()
        .map(image.incarnations()::get)
        .orElse(null);
  }

  private Answer answer(WriterId scribe, long entryNumber, int commands, PeerOutcome outcome) {
    Answer answer =
        switch (outcome) {
          case PeerOutcome.Answered(PeerReply.Committed(var voidReasons, var entries))
              when voidReasons.size() == commands ->
              new Answer.Committed(voidReasons, entries);
          case PeerOutcome.Answered(PeerReply.Declined _) -> new Answer.NotHandedOver();
          case PeerOutcome.Answered(PeerReply _) -> new Answer.Silent(); // no answer to a commit
          case PeerOutcome.Refused _ -> new Answer.NotHandedOver();
          case PeerOutcome.Silent _ -> new Answer.Silent();
        };
    if (!(answer instanceof Answer.Committed)) {
      long nowNs = clock.monotonicNs();
      held.values().removeIf(since -> nowNs - since.untilNs() >= 0);
      Held before = held.get(scribe);
      boolean firm = before != null && (before.firm() || before.lifted());
      held.put(scribe, new Held(nowNs + HOLD_NS, entryNumber, firm, false));
    }
    return answer;
  }

  private boolean isHeld(WriterId scribe) {
    Held since = held.get(scribe);
    return since != null && !since.lifted() && clock.monotonicNs() - since.untilNs() < 0;
  }
}
