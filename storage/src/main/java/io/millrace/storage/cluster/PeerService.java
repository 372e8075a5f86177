package io.millrace.storage.cluster;

import java.util.concurrent.CompletableFuture;

/** Answers what other brokers ask. Any thread may call. */
@FunctionalInterface
public interface PeerService {
  /** Never completes exceptionally, but perhaps never at all: the asker has its own limit. */
  CompletableFuture<PeerReply> answer(PeerRequest request);
}
