package io.millrace.storage.object;

/** A record's offset with its timestamp and the leader epoch of its batch. */
public record TimedOffset(long offset, long timestamp, int leaderEpoch) {}
