package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.LogDirectory;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsPartition;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsTopic;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * DescribeLogDirs: the data folder or shared store as the one log directory, with the partitions
 * led here and their sizes. A partition that is not open yet is opened for that, a limited number
 * at a time; one that cannot be is left out.
 */
public final class DescribeLogDirsHandler implements ApiHandler<DescribeLogDirsRequestData> {
  private static final int OPENING_MAX = 64;

  private final MetadataLog metadata;
  private final Partitions partitions;
  private final Executor blocking;
  private final LogDirectory directory;

  /**
   * @param blocking runs the disk's calls
   */
  public DescribeLogDirsHandler(
      MetadataLog metadata, Partitions partitions, Executor blocking, LogDirectory directory) {
    this.metadata = metadata;
    this.partitions = partitions;
    this.blocking = blocking;
    this.directory = directory;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_LOG_DIRS;
  }

  @Override
  public CompletableFuture<DescribeLogDirsResponseData> handle(
      RequestContext context, DescribeLogDirsRequestData request) {
    DescribeLogDirsResult result = new DescribeLogDirsResult().setLogDir(directory.name());
    return CompletableFuture.supplyAsync(directory.space(), blocking)
        .thenCompose(space ->
            measure(
                result.setTotalBytes(space.totalBytes()).setUsableBytes(space.usableBytes()),
                wanted(request),
                0))
        .thenApply(_ -> new DescribeLogDirsResponseData().setResults(List.of(result)));
  }

  private record Wanted(String topic, PartitionId id) {}

  /** Those led here, topic by topic. */
  private List<Wanted> wanted(DescribeLogDirsRequestData request) {
    MetadataImage image = metadata.image();
    List<Wanted> wanted = new ArrayList<>();
    if (request.topics() == null) {
      for (String name : image.topicIds().keySet()) {
        MetadataImage.Topic topic = image.topic(name);
        if (topic != null) {
          add(wanted, topic, IntStream.range(0, topic.partitions().size()).boxed().toList());
        }
      }
    } else {
      for (DescribableLogDirTopic asked : request.topics()) {
        MetadataImage.Topic topic = image.topic(asked.topic());
        if (topic != null) {
          add(wanted, topic, asked.partitions());
        }
      }
    }
    return wanted;
  }

  private void add(List<Wanted> wanted, MetadataImage.Topic topic, List<Integer> numbers) {
    for (int number : numbers) {
      if (number >= 0 && number < topic.partitions().size()) {
        Partition partition = topic.partitions().get(number);
        if (partition.leader().equals(Optional.of(metadata.writer()))) {
          wanted.add(new Wanted(topic.name(), new PartitionId(topic.id(), number)));
        }
      }
    }
  }

  private CompletableFuture<Void> measure(
      DescribeLogDirsResult result, List<Wanted> wanted, int from) {
    if (from == wanted.size()) {
      return CompletableFuture.completedFuture(null);
    }
    int end = Math.min(from + OPENING_MAX, wanted.size());
    List<Wanted> some = wanted.subList(from, end);
    List<CompletableFuture<Optional<Long>>> sizes = new ArrayList<>();
    for (Wanted each : some) {
      sizes.add(
          partitions
              .open(each.id())
              .thenCompose(PartitionLog::sizeBytes)
              .thenApply(Optional::of)
              .exceptionally(_ -> Optional.empty()));
    }
    return CompletableFuture.allOf(sizes.toArray(CompletableFuture<?>[]::new))
        .thenCompose(_ -> {
          for (int i = 0; i < some.size(); i++) {
            Wanted each = some.get(i);
            sizes.get(i).resultNow().ifPresent(bytes -> show(result, each, bytes));
          }
          return measure(result, wanted, end);
        });
  }

  private static void show(DescribeLogDirsResult result, Wanted wanted, long bytes) {
    List<DescribeLogDirsTopic> topics = result.topics();
    if (topics.isEmpty() || !topics.getLast().name().equals(wanted.topic())) {
      topics.add(new DescribeLogDirsTopic().setName(wanted.topic()));
    }
    topics
        .getLast()
        .partitions()
        .add(
            new DescribeLogDirsPartition()
                .setPartitionIndex(wanted.id().partition())
                .setPartitionSize(bytes));
  }
}
