package io.millrace.storage.log;

import io.millrace.runtime.FailureCause;
import io.millrace.storage.wal.WalEndedException;
import java.io.IOException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.jspecify.annotations.Nullable;

/** What clients are told when the log of the incarnation has ended. */
final class WalFailures {
  private WalFailures() {}

  /** Nothing was written: the WAL did not take it. */
  static ApiException over(Throwable failure) {
    Throwable ended = FailureCause.of(failure);
    return diskFailed(ended)
        ? storageFailed(ended)
        : new NotLeaderOrFollowerException(
            "The incarnation that led the partition is over.", ended);
  }

  /** The WAL had it: recovery decides whether it stands, so it is not answered at all. */
  static ApiException fateOf(WalEndedException ended) {
    return diskFailed(ended)
        ? storageFailed(ended)
        : new NetworkException(
            "The incarnation ended before it knew what became of the batch.", ended);
  }

  private static boolean diskFailed(@Nullable Throwable ended) {
    Throwable cause = ended == null ? null : ended.getCause();
    return cause != null && FailureCause.of(cause) instanceof IOException;
  }

  private static ApiException storageFailed(@Nullable Throwable ended) {
    return new KafkaStorageException(
        "The write-ahead log has failed; recovery decides what of it stands.", ended);
  }
}
