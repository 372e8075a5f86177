package io.millrace.broker.fetch;

import org.apache.kafka.common.message.FetchRequestData.FetchPartition;

/**
 * What a client wants of one partition.
 *
 * @param currentLeaderEpoch as the client knows it, -1 if it does not
 */
public record FetchWish(FetchKey key, long fetchOffset, int bytesMax, int currentLeaderEpoch) {
  static FetchWish of(FetchKey key, FetchPartition asked) {
    return new FetchWish(
        key, asked.fetchOffset(), asked.partitionMaxBytes(), asked.currentLeaderEpoch());
  }
}
