package io.millrace.storage.metadata;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.WriterId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The log of the lowest live broker, or of the next, behind a network that loses requests and
 * replies and delivers some requests long after the asker gave up.
 */
final class SimulatedScribe implements Scribe {
  private static final long HOP_NS = 500_000L;
  private static final long TIMEOUT_NS = 500_000_000L;
  private static final long HOLD_NS = 5_000_000_000L;
  private static final long LATE_MAX_NS = 3_000_000_000L;

  private final WriterId asker;
  private final Map<WriterId, MetadataLog> logs;
  private final SimulatedScheduler scheduler;
  private final EventLoop network;
  private final SplittableRandom random;
  private final int lossPercent;
  private final Map<WriterId, Held> held = new HashMap<>();

  private record Held(long untilNs, long entryNumber) {}

  /**
   * @param logs of the processes that listen
   */
  SimulatedScribe(
      WriterId asker,
      Map<WriterId, MetadataLog> logs,
      SimulatedScheduler scheduler,
      EventLoop network,
      SplittableRandom random,
      int lossPercent) {
    this.asker = asker;
    this.logs = logs;
    this.scheduler = scheduler;
    this.network = network;
    this.random = random;
    this.lossPercent = lossPercent;
  }

  @Override
  public CompletableFuture<Answer> commit(MetadataImage image, List<Command> commands) {
    WriterId scribe =
        image.brokers().values().stream()
            .limit(ASKED_MAX)
            .filter(writer -> !isHeld(writer))
            .findFirst()
            .orElse(asker);
    if (scribe.equals(asker)) {
      return CompletableFuture.completedFuture(new Answer.NotHandedOver());
    }
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    network.schedule(TIMEOUT_NS, () -> answer.complete(new Answer.Silent()));
    answer.thenAccept(a -> {
      if (!(a instanceof Answer.Committed)) {
        held.put(scribe, new Held(scheduler.nowNs() + HOLD_NS, image.entryNumber()));
      }
    });
    switch (random.nextInt(100) < lossPercent ? random.nextInt(3) : -1) {
      case 0 -> {} // the request
      case 1 -> deliver(HOP_NS, scribe, image, commands, new CompletableFuture<>()); // the reply
      case 2 ->
          deliver(random.nextLong(LATE_MAX_NS), scribe, image, commands, new CompletableFuture<>());
      default -> deliver(HOP_NS, scribe, image, commands, answer);
    }
    return answer;
  }

  private boolean isHeld(WriterId writer) {
    Held since = held.get(writer);
    return since != null && scheduler.nowNs() < since.untilNs();
  }

  @Override
  public void onServed(WriterId by, long entryNumber) {
    held.computeIfPresent(by, (_, since) -> entryNumber > since.entryNumber() ? null : since);
  }

  @Override
  public void askForTurn(MetadataImage image) {
    MetadataLog log = image.brokers().values().stream().findFirst().map(logs::get).orElse(null);
    if (log != null) {
      network.schedule(HOP_NS, log::leaveTurn);
    }
  }

  private void deliver(
      long afterNs,
      WriterId scribe,
      MetadataImage image,
      List<Command> commands,
      CompletableFuture<Answer> answer) {
    network.schedule(
        afterNs,
        () -> {
          MetadataLog log = logs.get(scribe);
          if (log == null) {
            network.schedule(HOP_NS, () -> answer.complete(new Answer.NotHandedOver()));
            return;
          }
          log.commitFor(image.entryNumber(), commands)
              .whenComplete((committed, error) ->
                  network.schedule(HOP_NS, () -> reply(answer, committed, error)));
        });
  }

  private static void reply(
      CompletableFuture<Answer> answer,
      Scribe.Answer.@Nullable Committed committed,
      @Nullable Throwable error) {
    if (committed != null) {
      answer.complete(committed);
    } else if (error instanceof RejectedExecutionException) {
      answer.complete(new Answer.NotHandedOver());
    } // else nobody knows, and the asker finds out by its own limit
  }
}
