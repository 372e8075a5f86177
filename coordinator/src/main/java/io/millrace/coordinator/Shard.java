package io.millrace.coordinator;

/** A pure state machine over one partition of an internal topic. Runs on its loop only. */
public interface Shard {
  /** Of the topic the shard is kept in. */
  RecordTypes recordTypes();

  /** Applies a durable record while loading, in log order. */
  void replay(CoordinatorRecord record);

  /** After the last record of the log: set timers for what was loaded. */
  void onLoaded(Outbox out);
}
