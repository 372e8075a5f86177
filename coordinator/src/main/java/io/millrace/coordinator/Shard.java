package io.millrace.coordinator;

/** A pure state machine over one partition of an internal topic. Runs on its loop only. */
public interface Shard {
  /** Of the topic the shard is kept in. */
  RecordTypes recordTypes();

  /** For one load. */
  default RecordDecoder decoder() {
    return new MessageDecoder(this);
  }

  /** Applies a durable record while loading, in log order. */
  void replay(CoordinatorRecord record);

  /**
   * Applies a durable record of a producer's transaction while loading, in log order; whether it
   * counts, a marker says later.
   */
  default void replay(long producerId, short producerEpoch, CoordinatorRecord record) {
    throw new IllegalStateException("no records of transactions belong in this topic: " + record);
  }

  /** Applies the end of a producer's transaction while loading, in log order. */
  default void replayMarker(long producerId, short producerEpoch, boolean committed) {}

  /** After the last record of the log: set timers for what was loaded. */
  void onLoaded(Outbox out);
}
