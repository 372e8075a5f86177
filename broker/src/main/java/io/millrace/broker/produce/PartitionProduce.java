package io.millrace.broker.produce;

import io.millrace.broker.config.TopicConfigs;
import io.millrace.broker.config.TopicSettings;
import io.millrace.protocol.batch.BatchRewriter;
import io.millrace.protocol.batch.BatchRules;
import io.millrace.protocol.batch.BatchValidator;
import io.millrace.protocol.batch.BatchVerdict;
import io.millrace.runtime.Clock;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.log.VerificationGuard;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * Checks what a client sends for one partition by the topic's rules and appends it. Any thread may
 * call; never blocks.
 */
public final class PartitionProduce {
  private final Partitions partitions;
  private final TopicConfigs configs;
  private final Clock clock;
  private final BatchValidator validator = new BatchValidator();
  private final BatchRewriter rewriter = new BatchRewriter();

  public PartitionProduce(Partitions partitions, TopicConfigs configs, Clock clock) {
    this.partitions = partitions;
    this.configs = configs;
    this.clock = clock;
  }

  /**
   * Completes when the batch is durable; fails with one of Kafka's exceptions or with {@link
   * RefusedBatchException}.
   *
   * @param records null if the field was null; may be changed
   * @param version of the request
   * @param admissions of the transactional batches among its request's
   */
  public CompletableFuture<Appended> append(
      MetadataImage image,
      Topic topic,
      int partition,
      @Nullable ByteBuffer records,
      short version,
      Admissions admissions) {
    if (partition < 0 || partition >= topic.partitions().size()) {
      return CompletableFuture.failedFuture(
          new UnknownTopicOrPartitionException(
              "Topic %s has no partition %d.".formatted(topic.name(), partition)));
    }
    if (org.apache.kafka.common.internals.Topic.isInternal(topic.name())) {
      return CompletableFuture.failedFuture(
          new InvalidTopicException(
              "Clients cannot append to the internal topic %s.".formatted(topic.name())));
    }
    TopicSettings settings = configs.settings(image, topic.id());
    try {
      ByteBuffer batch = checked(records, version, settings);
      long appendTimeMs = settings.logAppendTime() ? clock.wallMs() : -1;
      PartitionId id = new PartitionId(topic.id(), partition);
      Throwable refusal = admissions.refusal(id);
      if (refusal != null) {
        return CompletableFuture.failedFuture(refusal);
      }
      VerificationGuard guard = admissions.guard(id);
      PartitionLog log = partitions.ifOpen(id);
      return log != null
          ? log.append(batch, appendTimeMs, Origin.CLIENT, guard)
          : partitions
              .open(id)
              .thenCompose(opened -> opened.append(batch, appendTimeMs, Origin.CLIENT, guard));
    } catch (ApiException | RefusedBatchException refused) {
      return CompletableFuture.failedFuture(refused);
    }
  }

  /** The batch to append, position 0 to limit. */
  private ByteBuffer checked(@Nullable ByteBuffer records, short version, TopicSettings settings) {
    BatchRules rules =
        new BatchRules(
            settings.maxMessageBytes(),
            settings.compact(),
            settings.logAppendTime(),
            settings.timestampBeforeMaxMs(),
            settings.timestampAfterMaxMs());
    return switch (validator.validate(records, version, rules, clock.wallMs())) {
      case BatchVerdict.Refused(ApiException error, List<BatchVerdict.RecordError> recordErrors) ->
          throw new RefusedBatchException(error, recordErrors);
      case BatchVerdict.Accepted accepted -> {
        if (records == null) {
          throw new IllegalStateException("accepted records are null");
        }
        yield rewriter.prepare(records, accepted, Compressions.of(settings), rules);
      }
    };
  }
}
