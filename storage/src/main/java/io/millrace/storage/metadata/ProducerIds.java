package io.millrace.storage.metadata;

import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.ProducerIdsTaken;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * Hands out producer ids, each once in the life of the cluster. Takes them in blocks from the
 * metadata log and asks for the next block when half of one is left, so that a producer seldom
 * waits for an entry. Any thread may call.
 */
public final class ProducerIds {
  /** As many as Kafka takes at a time. */
  public static final int BLOCK = 1000;

  private static final int WAITING_MAX = 10_000;

  private final MetadataLog log;
  private final ArrayDeque<CompletableFuture<Long>> waiting = new ArrayDeque<>();
  private final ArrayDeque<Block> blocks = new ArrayDeque<>();
  private boolean asking;

  public ProducerIds(MetadataLog log) {
    this.log = log;
  }

  private static final class Block {
    private long next;
    private final long end;

    Block(long first) {
      this.next = first;
      this.end = first + BLOCK;
    }
  }

  /** A new producer id; fails only as {@link MetadataLog#submit} does. */
  public CompletableFuture<Long> next() {
    CompletableFuture<Long> id;
    boolean ask;
    synchronized (this) {
      if (blocks.isEmpty()) {
        if (waiting.size() == WAITING_MAX) {
          return CompletableFuture.failedFuture(
              new RejectedExecutionException(WAITING_MAX + " producers wait for an id already"));
        }
        id = new CompletableFuture<>();
        waiting.add(id);
      } else {
        id = CompletableFuture.completedFuture(take());
      }
      ask = wantsBlock();
    }
    if (ask) {
      ask();
    }
    return id;
  }

  private void ask() {
    long first = log.image().nextProducerId();
    log.submit(new ProducerIdsTaken(first, BLOCK))
        .whenComplete((outcome, error) -> {
          if (error != null) {
            failed(error);
          } else {
            switch (outcome) {
              case Outcome.Applied _ -> taken(first);
              case Outcome.Voided _ ->
                  ask(); // another broker took the block; the image shows the next one
            }
          }
        });
  }

  private void taken(long first) {
    ArrayDeque<Runnable> answers = new ArrayDeque<>();
    boolean ask;
    synchronized (this) {
      asking = false;
      blocks.add(new Block(first));
      while (!waiting.isEmpty() && !blocks.isEmpty()) {
        CompletableFuture<Long> head = waiting.remove();
        long id = take();
        answers.add(() -> head.complete(id));
      }
      ask = wantsBlock();
    }
    answers.forEach(Runnable::run);
    if (ask) {
      ask();
    }
  }

  private void failed(Throwable error) {
    ArrayDeque<CompletableFuture<Long>> failed;
    synchronized (this) {
      asking = false;
      failed = new ArrayDeque<>(waiting);
      waiting.clear();
    }
    failed.forEach(f -> f.completeExceptionally(error));
  }

  private long take() {
    Block block = blocks.getFirst();
    long id = block.next++;
    if (block.next == block.end) {
      blocks.removeFirst();
    }
    return id;
  }

  /**
   * Whether the caller shall ask for a block: none is on its way and less than half a block is
   * left.
   */
  private boolean wantsBlock() {
    long left = blocks.stream().mapToLong(b -> b.end - b.next).sum();
    boolean wants = !asking && left < BLOCK / 2;
    asking |= wants;
    return wants;
  }
}
