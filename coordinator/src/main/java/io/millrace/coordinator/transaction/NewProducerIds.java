package io.millrace.coordinator.transaction;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.Errors;

/** Gives producer ids nobody had. Any thread may call. */
public interface NewProducerIds {
  sealed interface Given {
    record Id(long producerId) implements Given {}

    record None(Errors error) implements Given {}
  }

  /** Never fails. */
  CompletableFuture<Given> next();
}
