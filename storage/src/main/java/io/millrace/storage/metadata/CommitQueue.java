package io.millrace.storage.metadata;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be committed: own commands, which go to the scribe or into an entry of our own, and
 * those of brokers for which this one is the scribe. Decides on image n-1, puts at n, and if
 * another's entry stands there decides again. Owned by the metadata loop, one commit at a time; the
 * scribe's answer is waited for beside it.
 */
final class CommitQueue {
  private final WriterId writer;
  private final EventLoop loop;
  private final MetadataObjects objects;
  private final ImageFollower follower;
  private final Turns turns;
  private final Scribe scribe;
  private final Runnable onReady;
  private final OwnCommands own;
  private final ForeignCommands foreign = new ForeignCommands();
  private @Nullable Handing handing;
  private Scribe.@Nullable Answer answered;
  private long handings;
  private int unserved;
  private boolean direct;

  /**
   * @param onReady called on the loop when there is something to commit that was not there before
   */
  CommitQueue(
      WriterId writer,
      EventLoop loop,
      MetadataObjects objects,
      ImageFollower follower,
      Turns turns,
      Scribe scribe,
      Runnable onReady) {
    this.writer = writer;
    this.loop = loop;
    this.objects = objects;
    this.follower = follower;
    this.turns = turns;
    this.scribe = scribe;
    this.onReady = onReady;
    this.own = new OwnCommands(writer);
  }

  /**
   * Commands in the hands of the scribe, which has not answered.
   *
   * @param number tells one from another
   * @param fresh those that were never handed over before
   */
  private record Handing(long number, List<OwnCommands.Waiting> fresh) {}

  void add(MetadataRecord record, CompletableFuture<Outcome> outcome) {
    own.add(record, outcome);
  }

  /** False if there is no room; any thread may ask. */
  boolean admit(ForeignCommands.Request request) {
    return foreign.admit(request);
  }

  void add(ForeignCommands.Request admitted) {
    foreign.add(admitted);
  }

  boolean isReady() {
    return answered != null || !foreign.isEmpty() || ownReady();
  }

  /** A newcomer is about to put its registration. */
  void leaveTurn() {
    turns.onNewcomer();
  }

  /** Moves what is ready one step on: to the scribe, into an entry, or to what became of it. */
  CompletableFuture<Void> commit() {
    Scribe.Answer answer = answered;
    if (answer != null) {
      answered = null;
      return onAnswer(answer);
    }
    return decide(false);
  }

  /** The image has moved, perhaps by an entry of the scribe whose answer is yet to come. */
  void settle() {
    own.settle(follower.image());
    if (!own.anyHandedOver()) {
      handing = null;
    }
  }

  /** Completes everything exceptionally. */
  void fail(IncarnationEndedException cause) {
    handing = null;
    own.fail(cause);
    foreign.fail(cause);
  }

  private boolean ownReady() {
    return handing == null && !own.isEmpty();
  }

  /**
   * @param fresh the image was read to the tip just now; only then is a command called void without
   *     an entry
   */
  private CompletableFuture<Void> decide(boolean fresh) {
    MetadataImage base = follower.image();
    ImageDraft draft = new ImageDraft(base);
    List<Command> entry = new ArrayList<>();
    if (ownReady()) {
      OwnCommands.Composed composed = own.compose(base, draft, fresh);
      if (composed.wantsFresh()) {
        return decideFresh();
      }
      if (handOver(base, composed.commands())) {
        draft = new ImageDraft(base);
      } else {
        entry.addAll(composed.commands());
      }
    }
    int ownCommands = entry.size();
    if (foreign.compose(base, draft, entry) && !fresh) {
      return decideFresh();
    }
    if (entry.isEmpty()) {
      foreign.answer(follower.recent());
      return CompletableFuture.completedFuture(null);
    }
    long pauseNs = entry.size() == ownCommands ? turns.pauseNs(base) : 0;
    pauseNs = Math.max(pauseNs, turns.newcomersPauseNs());
    if (pauseNs > 0) {
      return stepAside(pauseNs);
    }
    turns.onPut();
    return put(StoredEntry.of(new Entry(base.entryNumber() + 1, base.entryHash(), writer, entry)));
  }

  private CompletableFuture<Void> decideFresh() {
    return follower
        .catchUp()
        .thenCompose(_ -> {
          settle();
          return follower.image().hasEnded(writer)
              ? CompletableFuture.completedFuture(null) // the log fails what is left
              : decide(true);
        });
  }

  private CompletableFuture<Void> stepAside(long pauseNs) {
    CompletableFuture<Void> pause = new CompletableFuture<>();
    loop.schedule(pauseNs, () -> pause.complete(null));
    return pause.thenCompose(_ -> decideFresh());
  }

  private CompletableFuture<Void> put(StoredEntry entry) {
    direct = false;
    unserved = 0;
    return objects
        .create(Keys.metaEntry(entry.entry().number()), entry.bytes().array())
        .thenCompose(created ->
            created
                ? follower.validate(List.of(entry))
                : follower.catchUpBehind().thenApply(_ -> false)) // ours too, if it stands there
        .thenAccept(stands -> {
          settle();
          if (stands) {
            foreign.answer(follower.recent());
          } else if (!own.isEmpty() && !follower.image().isRegistered(writer)) {
            scribe.askForTurn(follower.image());
          }
        });
  }

  /** False if the commands stay here. */
  private boolean handOver(MetadataImage base, List<Command> commands) {
    if (direct || commands.isEmpty() || !base.isRegistered(writer)) {
      return false;
    }
    CompletableFuture<Scribe.Answer> answer = scribe.commit(base, commands);
    if (answer.isDone() && answer.resultNow() instanceof Scribe.Answer.NotHandedOver) {
      return false;
    }
    long number = ++handings;
    handing = new Handing(number, own.handOver(commands.size()));
    answer.thenAcceptAsync(
        a -> {
          if (handing != null && handing.number() == number) {
            answered = a;
            onReady.run();
          }
        },
        loop);
    return true;
  }

  private CompletableFuture<Void> onAnswer(Scribe.Answer answer) {
    Handing answeredTo = handing;
    handing = null;
    if (answeredTo == null) {
      return CompletableFuture.completedFuture(null); // the image was faster
    }
    return switch (answer) {
      case Scribe.Answer.NotHandedOver _ -> {
        own.takeBack(answeredTo.fresh());
        yield notServed();
      }
      case Scribe.Answer.Silent _ -> notServed();
      case Scribe.Answer.Committed(var _, List<byte[]> entries) -> {
        direct = true;
        unserved = 0;
        yield follower
            .follow(entries)
            .thenCompose(_ -> {
              settle();
              if (own.anyHandedOver()) {
                // void there, or its entry was not at hand
                return follower.catchUp().thenRun(this::settle);
              }
              direct = false;
              return CompletableFuture.completedFuture(null);
            });
      }
    };
  }

  /** Another scribe is asked next, unless enough have been. */
  private CompletableFuture<Void> notServed() {
    direct = ++unserved == Scribe.ASKED_MAX;
    return CompletableFuture.completedFuture(null);
  }
}
