package io.millrace.storage.log;

import io.millrace.storage.WriterId;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.cluster.Heard;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.Scribe;
import io.millrace.storage.object.WalGarbage;
import io.millrace.storage.wal.Wal;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Where an incarnation lives, and all that follows from that: alone in a folder ({@link
 * FolderHome}), or one of many on a shared store ({@link SharedHome}). One per engine.
 */
interface Home {
  /** Keeps others out, if they have to be, before anything is read. */
  CompletableFuture<Void> enter();

  /** Racing puts with which the store is probed. */
  int probeRacers();

  /** Who commits for this incarnation. */
  Scribe scribe(WriterId writer);

  /**
   * Registers the incarnation of a loaded log, and takes over what must be taken over before
   * requests are served.
   */
  CompletableFuture<Void> join(MetadataLog metadata);

  /** The log of the registered incarnation, in which nothing is written yet. */
  CompletableFuture<OpenLog> open(MetadataLog metadata, LogCache cache);

  /**
   * @param reads of what the cache let go
   * @param recentWriteNs how long the last syncs or puts took
   * @param garbage how what is left of such logs is collected
   */
  record OpenLog(
      Wal wal, TailReader.FileReads reads, LongSupplier recentWriteNs, WalGarbage garbage) {}

  /** Answers other brokers. */
  PeerService peers();

  /** What was last heard of the other registered brokers. */
  CompletableFuture<Map<WriterId, Heard>> heard();

  /** The incarnation serves requests from now on. */
  void serving(MetadataLog metadata);

  /** First thing of a graceful stop: others lead what was led here. */
  CompletableFuture<Void> giveUp(Handovers handovers);

  /** Last thing of a graceful stop, when all is published. */
  CompletableFuture<Void> resign(MetadataLog metadata);

  /** The incarnation is over, however it ended. */
  void leave();

  /** The store cannot be used; says why and what to do. */
  RuntimeException unusable(String problem);

  /** What is stored is of a newer version. */
  RuntimeException newer(Throwable cause);
}
